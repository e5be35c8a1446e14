import pytest

from drivers.base.driver import run
from drivers.base.errors import NotReady, WrongChip
from drivers.base.linux import LinuxPort, RealKernel
from drivers.hwmon import Hwmon
from edge_agent.testing import SensorContract
from simulators import hwmon

EVERYTHING = tuple(hwmon.Hwmon.inputs)


class TestContract(SensorContract):
    driver = Hwmon
    model = hwmon.Hwmon
    options = {"device": "chip", "measure": EVERYTHING}


@pytest.fixture
def port(tmp_path):
    files = {
        "hwmon0/name": "cpu_thermal\n",
        "hwmon0/temp1_input": "48312\n",
        "hwmon1/name": "rpi_volt\n",
        "hwmon1/in0_lcrit_alarm": "1\n",
        "hwmon2/name": "ina219\n",
        "hwmon2/in1_input": "11980\n",
        "hwmon2/curr1_input": "-250\n",
        "hwmon2/power1_input": "119800000\n",
    }
    for name, text in files.items():
        path = tmp_path / "sys/class/hwmon" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return LinuxPort(RealKernel(tmp_path), "supply")


def read(port, device, *measure):
    sensor = Hwmon(port, device=device, measure=measure)
    run(sensor.setup(), lambda _: None)
    return run(sensor.measure(), lambda _: None)


@pytest.mark.parametrize(
    "device, values",
    [
        ("cpu_thermal", {"temp1": 48.312}),
        ("hwmon0", {"temp1": 48.312}),
        ("rpi_volt", {"in0_lcrit_alarm": 1}),
        ("ina219", {"in1": 11.98, "curr1": -0.25, "power1": 119.8}),
    ],
)
def test_units_of_the_kernel_become_ours(port, device, values):
    assert read(port, device, *values) == pytest.approx(values)


def test_a_channel_that_the_device_has_not_is_refused_at_setup(port):
    with pytest.raises(WrongChip, match="supply: ina219 has no temp1"):
        read(port, "ina219", "temp1")


def test_a_sensor_that_the_kernel_calls_broken_gives_no_value():
    bench = TestContract().fresh()
    bench.setup()
    bench.model.broken = "temp2"
    with pytest.raises(NotReady, match="the kernel says that temp2 is broken"):
        bench.value("temp2")


def test_nothing_to_measure_is_refused(port):
    with pytest.raises(ValueError, match="measure: wanted one or more"):
        Hwmon(port, device="x", measure=())
