import pytest

from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.hardware import RealHardware
from edge_agent.survey.survey import KernelDevice, survey
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware

DRIVERS, _ = Catalog("edge_agent.drivers").load_all()
MODELS = Catalog("edge_agent.simulators")


@pytest.fixture
def files(tmp_path):
    """A function: write the kernel's files below a root."""

    def write(**texts):
        for path, text in texts.items():
            file = tmp_path / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return RealHardware(tmp_path / "sys")

    return write


def test_every_chip_that_answers_is_found_with_its_possible_drivers():
    hardware = SimulatedHardware(VirtualClock())
    hardware.attach("air", MODELS.load("sht4x"), address=0x44)
    hardware.attach("light", MODELS.load("bh1750"), bus=3, address=0x23)
    [air, light] = survey(hardware, DRIVERS).chips
    assert [(claim.driver, claim.certain) for claim in air.claims] == [("sht4x", True)]
    assert (light.bus, light.address) == (3, 0x23)
    assert "bh1750" in {claim.driver for claim in light.claims}


def test_an_output_is_not_a_sensor():
    hardware = SimulatedHardware(VirtualClock())
    hardware.attach("light", MODELS.load("bh1750"), address=0x23)
    [light] = survey(hardware, DRIVERS).chips
    assert not {claim.driver for claim in light.claims} & {"pcf8574_output", "mcp23017_output"}


def test_thermometers_on_1_wire_are_found():
    hardware = SimulatedHardware(VirtualClock())
    hardware.attach("water", MODELS.load("ds18b20"), id="28-0316a4c8ffee")
    assert survey(hardware, DRIVERS).thermometers == ("28-0316a4c8ffee",)


def test_a_bus_that_cannot_be_opened_is_reported_and_the_rest_is_found(files, monkeypatch):
    hardware = files(sys__bus__i2c__devices__i2c_1="", proc__meminfo="")
    monkeypatch.setattr(RealHardware, "buses", lambda _: (77,))
    [problem] = survey(hardware, DRIVERS).problems
    assert "i2c-77" in problem
    assert "enable" in problem


def test_what_the_kernel_drives_is_found_with_its_channels(files):
    hardware = files(
        **{
            "sys__bus__iio__devices__iio:device0__name": "bme280\n",
            "sys__bus__iio__devices__iio:device0__in_temp_input": "25080\n",
            "sys__bus__iio__devices__iio:device0__in_pressure_input": "100.6\n",
            "sys__class__hwmon__hwmon0__name": "rpi_volt\n",
            "sys__class__hwmon__hwmon0__in0_lcrit_alarm": "0\n",
        }
    )
    assert survey(hardware, DRIVERS).kernel == (
        KernelDevice("iio", "bme280", ("temperature", "atmospheric_pressure")),
        KernelDevice("hwmon", "rpi_volt", ("in0_lcrit_alarm",)),
    )


def test_a_dht_that_the_kernel_reads_is_for_its_own_driver(files):
    directory = "sys__bus__iio__devices__iio:device0__"
    hardware = files(**{f"{directory}name": "dht11@11\n", f"{directory}in_temp_input": "21500\n"})
    assert survey(hardware, DRIVERS).kernel == (KernelDevice("dht22", "dht11@11", ()),)


def test_an_hx711_that_the_kernel_reads_is_for_its_own_driver(files):
    directory = "sys__bus__iio__devices__iio:device0__"
    hardware = files(**{f"{directory}name": "hx711\n", f"{directory}in_voltage0_raw": "1\n"})
    assert survey(hardware, DRIVERS).kernel == (KernelDevice("hx711", "hx711", ()),)


def test_two_devices_with_the_same_name_are_distinguished_by_their_directories(files):
    names = {f"sys__class__hwmon__hwmon{n}__name": "lm75\n" for n in range(2)}
    values = {f"sys__class__hwmon__hwmon{n}__temp1_input": "21500\n" for n in range(2)}
    found = survey(files(**names, **values), DRIVERS).kernel
    assert [each.device for each in found] == ["hwmon0", "hwmon1"]


def test_only_what_the_machine_can_measure_is_proposed(files):
    text = "MemTotal: 1000 kB\nMemAvailable: 500 kB\n"
    assert survey(files(proc__meminfo=text), DRIVERS).own == ("memory",)
    zone = "sys__class__thermal__thermal_zone0__"
    hardware = files(**{f"{zone}type": "cpu-thermal\n", f"{zone}temp": "48312\n"})
    assert survey(hardware, DRIVERS).own == ("thermal", "memory")
