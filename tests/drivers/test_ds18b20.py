import os
import subprocess
import sys

import pytest

from drivers.base.driver import read, run
from drivers.base.errors import (
    BadChecksum,
    BusMissing,
    DeadFrame,
    LostConfiguration,
    NotPermitted,
    NotReady,
    OutOfRange,
    TransferFailed,
    WrongChip,
)
from drivers.base.sysfs import w1_ids
from drivers.base.w1 import W1Port
from drivers.base.w1_clones import clone
from drivers.ds18b20 import DS18B20, counted, scratchpad, temperature
from edge_agent.testing import SensorContract
from simulators import ds18b20 as simulated
from simulators import ds18b20_clones as clones
from simulators.sysfs import SimulatedW1

ID = "28-00000bbb9b13"
REST = bytes.fromhex("4b 46 7f ff 0c 10")


@pytest.fixture
def model(clock):
    return simulated.DS18B20(clock, ID)


@pytest.fixture
def thermometer(model):
    bus = SimulatedW1()
    bus.attach(model)
    return DS18B20(W1Port(bus.directory(ID), bus))


def measure(thermometer):
    return run(thermometer.measure())["temperature"]


# Datasheet table 1, temperature and digital output
@pytest.mark.parametrize(
    "output, celsius",
    [
        ("07d0", 125),
        ("0550", 85),
        ("0191", 25.0625),
        ("00a2", 10.125),
        ("0008", 0.5),
        ("0000", 0),
        ("fff8", -0.5),
        ("ff5e", -10.125),
        ("fe6f", -25.0625),
        ("fc90", -55),
    ],
)
def test_the_temperatures_of_the_datasheet_come_out(output, celsius):
    assert temperature(bytes.fromhex(output)[::-1] + REST) == celsius


# Datasheet table 2: bits that a resolution leaves undefined
@pytest.mark.parametrize(
    "config, celsius",
    [("7f", 25.9375), ("5f", 25.875), ("3f", 25.75), ("1f", 25.5)],
)
def test_undefined_bits_count_as_zero(config, celsius):
    frame = bytes.fromhex(f"9f 01 4b 46 {config} ff 01 10")
    assert temperature(frame) == celsius


@pytest.mark.parametrize(
    "text, frame",
    [
        # a power-on frame and a real one, with checksums of the datasheet's polynomial
        ("50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n…", "50 05 4b 46 7f ff 0c 10 1c"),
        ("91 01 4b 46 7f ff 0f 10 25 : crc=25 YES\n…", "91 01 4b 46 7f ff 0f 10 25"),
    ],
)
def test_the_first_line_of_w1_slave_is_the_scratchpad(text, frame):
    assert scratchpad(text, "here") == bytes.fromhex(frame)


def test_every_temperature_comes_back_as_it_is_within_one_step(thermometer, model):
    low, high, step = model.inputs["temperature"]
    for sixteenth in range(int(low / step), int(high / step) + 1):
        model.set("temperature", sixteenth * step)
        assert measure(thermometer) == sixteenth * step


@pytest.mark.parametrize("resolution, step", [(9, 0.5), (10, 0.25), (11, 0.125), (12, 0.0625)])
@pytest.mark.parametrize("celsius", [-54.97, -0.03, 0, 21.43, 84.99, 124.9])
def test_a_lower_resolution_has_coarser_steps(thermometer, model, resolution, step, celsius):
    model.resolution = resolution
    model.set("temperature", celsius)
    assert measure(thermometer) == pytest.approx(celsius, abs=step)
    assert measure(thermometer) % step == 0


def test_three_lines_read_a_chip(thermometer, model):
    model.set("temperature", -10.125)
    assert read(thermometer) == {"temperature": -10.125}


def test_a_real_85_degrees_is_a_temperature(thermometer, model):
    model.set("temperature", 85)
    assert measure(thermometer) == 85


@pytest.mark.parametrize(
    "fault, kind, what",
    [
        ("noise", BadChecksum, "checksum wrong in 50 01 "),
        ("shorted", DeadFrame, "the bus answers 00 only"),
        ("open", DeadFrame, "the bus answers ff only"),
        ("busy", NotReady, "no answer .*another program converts"),
        ("power_on", LostConfiguration, "85 °C is the power-on value"),
        ("starved", LostConfiguration, "127.94 °C: too little power .*VDD"),
    ],
)
def test_a_fault_has_no_value_and_the_next_read_after_it_is_right(
    thermometer, model, fault, kind, what
):
    run(thermometer.setup())
    model.fault = fault
    with pytest.raises(kind, match=f"{ID}: .*{what}"):
        measure(thermometer)
    model.fault = ""
    assert measure(thermometer) == 20


def test_every_flipped_bit_is_noticed():
    good = bytes.fromhex("91 01 4b 46 7f ff 0f 10 25")
    for bit in range(72):
        frame = (int.from_bytes(good) ^ 1 << bit).to_bytes(9)
        with pytest.raises(BadChecksum):
            scratchpad(f"{frame.hex(' ')} : crc=25 YES\n", "here")


def test_a_no_of_the_kernel_counts_even_if_the_checksum_is_right():
    with pytest.raises(BadChecksum):
        scratchpad("91 01 4b 46 7f ff 0f 10 25 : crc=25 NO\n", "here")


@pytest.mark.parametrize("text", ["91 01", "t=25062\n", "91 01 4b 46 7f ff 0f 10 25", "x" * 500])
def test_a_file_that_is_not_as_expected_is_shown_in_part(text):
    with pytest.raises(TransferFailed, match="here: w1_slave says '") as caught:
        scratchpad(text, "here")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("celsius", [-55.0625, 125.0625, 127.875])
def test_a_temperature_beyond_the_datasheet_is_refused(thermometer, model, celsius):
    model.set("temperature", celsius)
    with pytest.raises(OutOfRange, match="temperature"):
        measure(thermometer)


def test_an_unplugged_thermometer_has_no_value_until_it_is_back(thermometer, model, clock):
    model.unplug()
    with pytest.raises(NotReady, match="unplugged"):
        measure(thermometer)
    clock.advance(simulated.FORGOTTEN_AFTER)
    with pytest.raises(BusMissing, match=r"w1_slave: no such device .*dtoverlay=w1-gpio"):
        measure(thermometer)
    with pytest.raises(BusMissing):
        run(thermometer.setup())
    model.plug()
    assert read(thermometer) == {"temperature": 20}


@pytest.mark.parametrize("other", ["26-000802b5a1f3", "01-000000152c7a", "3a-0cf84c9e4d11"])
def test_a_device_that_is_no_thermometer_is_refused(clock, other):
    bus = SimulatedW1()
    bus.attach(simulated.DS18B20(clock, other))
    with pytest.raises(WrongChip, match=f"{other} is no thermometer"):
        run(DS18B20(W1Port(bus.directory(other), bus)).setup())


# Ids as of the survey's examples, by what they are
CLONES = {
    clones.FamilyB: "28-0416615a7cff",
    clones.FamilyD: "28-021791771b48",
    clones.FamilyE: "28-0f4359287400",
    clones.FamilyG: "28-d98359a39ec7",
    clones.WithoutReserved: "28-00000bbb9b13",
}


@pytest.fixture(params=CLONES, ids=lambda kind: kind.__name__)
def cloned(request, clock):
    return request.param(clock, CLONES[request.param])


def test_a_clone_is_read(cloned):
    cloned.set("temperature", 21.4375)
    assert read(thermometer_of(cloned)) == {"temperature": 21.4375}


def test_a_clones_power_on_value_is_never_a_temperature(cloned):
    cloned.fault = "power_on"
    with pytest.raises(LostConfiguration, match=r"(85|25) °C is (the|a clone's) power-on value"):
        measure(thermometer_of(cloned))


def test_a_clone_at_85_degrees_has_no_value(cloned):
    cloned.set("temperature", 85)
    with pytest.raises(LostConfiguration):
        measure(thermometer_of(cloned))


@pytest.mark.parametrize("celsius", [24.9375, 25.0625])
def test_a_clone_near_its_power_on_value_is_read(clock, celsius):
    model = clones.FamilyD(clock, CLONES[clones.FamilyD])
    model.set("temperature", celsius)
    assert measure(thermometer_of(model)) == celsius


def test_a_genuine_chip_at_25_degrees_is_read(thermometer, model):
    model.set("temperature", 25)
    assert measure(thermometer) == 25


# Initial scratchpads that the survey lists, and one after a conversion
@pytest.mark.parametrize(
    "id_, frame, families",
    [
        ("28-00000bbb9b13", "91 01 4b 46 7f ff 0f 10", ""),
        ("28-0416615a7cff", "91 01 4b 46 7f ff 0c 10", "B, C or F"),
        ("28-021791771b48", "90 01 55 05 7f 7e 81 66", "D"),
        ("28-0f4359287400", "91 01 4b 46 7f ff 0f 10", "A2, B1v2, E or H"),
        ("28-d98359a39ec7", "91 01 55 aa 7f ff 1f 10", "G"),
        ("28-00000bbb9b13", "91 01 4b 46 7f ff ff ff", "D"),
    ],
)
def test_a_clone_is_known_by_its_scratchpad(id_, frame, families):
    assert clone(id_, bytes.fromhex(frame)) == families


RELATIVES = ["10-000802b5a1f3", "22-000000152c7a", "3b-0cf84c9e4d11", "42-000000f00d17"]


class TestContract(SensorContract):
    driver = DS18B20
    model = simulated.DS18B20
    place = {"id": ID}


class TestContractOfAClone(TestContract):
    model = clones.FamilyD
    place = {"id": CLONES[clones.FamilyD]}


class TestContractOfAnotherClone(TestContract):
    model = clones.FamilyE
    place = {"id": CLONES[clones.FamilyE]}


class TestContractOfTheDS18S20(TestContract):
    place = {"id": RELATIVES[0]}


class TestContractOfTheDS1822(TestContract):
    place = {"id": RELATIVES[1]}


class TestContractOfTheDS1825(TestContract):
    place = {"id": RELATIVES[2]}


@pytest.fixture(params=RELATIVES)
def relative(request, clock):
    return simulated.DS18B20(clock, request.param)


def thermometer_of(model):
    bus = SimulatedW1()
    bus.attach(model)
    return DS18B20(W1Port(bus.directory(model.id), bus))


def test_every_relative_reads_every_step_but_85_degrees(relative):
    thermometer = thermometer_of(relative)
    run(thermometer.setup())
    for sixteenth in range(-40 * 16, 85 * 16):
        relative.set("temperature", sixteenth / 16)
        assert measure(thermometer) == sixteenth / 16


def test_a_relative_that_shows_its_power_on_value_has_no_value(relative):
    relative.fault = "power_on"
    with pytest.raises(LostConfiguration, match="85 °C is the power-on value"):
        measure(thermometer_of(relative))


def test_a_relative_at_85_degrees_has_no_value_because_it_looks_like_power_on(relative):
    relative.set("temperature", 85)
    with pytest.raises(LostConfiguration):
        measure(thermometer_of(relative))


@pytest.mark.parametrize("celsius", [-40.0625, 85.0625])
def test_a_ds28ea00_has_its_own_range(clock, celsius):
    model = simulated.DS18B20(clock, "42-000000f00d17")
    model.set("temperature", celsius)
    with pytest.raises(OutOfRange, match="the chip measures -40 to 85"):
        measure(thermometer_of(model))


# DS18S20 datasheet table 1; the count that remains is such that equation 1 gives the same
@pytest.mark.parametrize(
    "output, remain, celsius",
    [
        ("00aa", 12, 85),
        ("0032", 12, 25),
        ("0001", 4, 0.5),
        ("0000", 12, 0),
        ("ffff", 4, -0.5),
        ("ffce", 12, -25),
        ("ff92", 12, -55),
    ],
)
def test_the_temperatures_of_the_ds18s20s_datasheet_come_out(output, remain, celsius):
    frame = bytes.fromhex(output)[::-1] + bytes([0x4B, 0x46, 0xFF, 0xFF, remain, 16])
    assert counted(frame, "here") == celsius


@pytest.mark.parametrize("remain, per_degree", [(12, 16), (4, 0), (4, 15), (0xFF, 16)])
def test_a_clone_of_the_ds18s20_that_does_not_count_has_no_value(remain, per_degree):
    frame = bytes([0x33, 0x00, 0x4B, 0x46, 0xFF, 0xFF, remain, per_degree])
    with pytest.raises(WrongChip, match=r"does not fit 25\.5 °C .*clone"):
        counted(frame, "here")


class Thermocouple(simulated.DS18B20):
    """A MAX31850 at 100.75 °C: same family as a DS1825, upper half of byte 4 all ones."""

    def _converted(self):
        return bytes.fromhex("4c 06 90 19 f0 ff ff ff")


def test_a_thermocouple_converter_is_no_ds1825(clock):
    with pytest.raises(WrongChip, match="MAX31850"):
        measure(thermometer_of(Thermocouple(clock, "3b-0cf84c9e4d11")))


class Failing:
    """A directory whose files cannot be read."""

    def __init__(self, error):
        self.error = error

    def __str__(self):
        return "/sys/somewhere"

    def __truediv__(self, name):
        return self

    def read_text(self, encoding=None, errors=None):
        raise self.error


@pytest.mark.parametrize(
    "error, kind",
    [
        (FileNotFoundError(2, "No such file or directory"), BusMissing),
        (PermissionError(13, "Permission denied"), NotPermitted),
        (OSError(5, "Input/output error"), TransferFailed),
    ],
)
def test_what_the_kernel_refuses_is_translated(error, kind):
    with pytest.raises(kind, match="/sys/somewhere/w1_slave: "):
        measure(DS18B20(W1Port(Failing(error), SimulatedW1())))


def write_out(model, devices):
    """Write a model as the files that the kernel would show now."""
    directory = devices / model.id
    directory.mkdir()
    for name in model.files():
        (directory / name).write_text(model.read(name))
    return directory


def test_a_directory_below_sys_is_read_like_a_simulated_one(tmp_path, model):
    model.set("temperature", -25.0625)
    assert read(DS18B20(W1Port(write_out(model, tmp_path), SimulatedW1()))) == {
        "temperature": -25.0625
    }


def test_the_thermometers_of_a_machine_are_listed(tmp_path, clock):
    for name in ("28-0316a4c8ffee", "28-0000055f1020", "26-000802b5a1f3", *RELATIVES):
        write_out(simulated.DS18B20(clock, name), tmp_path)
    (tmp_path / "w1_bus_master1").mkdir()
    ours = ("28-0000055f1020", "28-0316a4c8ffee")
    assert w1_ids(tmp_path) == (*RELATIVES[:2], *ours, *RELATIVES[2:])


def test_a_machine_without_1_wire_says_how_to_get_it(tmp_path):
    with pytest.raises(BusMissing, match=r"no 1-Wire bus .*dtoverlay=w1-gpio"):
        w1_ids(tmp_path / "devices")


# An independent driver (w1thermsensor, MIT); it looks for kernel modules when it is imported.
WITNESS = """
import sys
from pathlib import Path
from w1thermsensor import W1ThermSensor
W1ThermSensor.BASE_DIRECTORY = Path(sys.argv[1])
for chip in W1ThermSensor.get_available_sensors():
    print(f"{chip.type.value:02x}-{chip.id}", chip.get_temperature())
"""


@pytest.mark.parametrize("family", ["10", "22", "28", "3b", "42"])
def test_an_independent_driver_reads_the_same_from_the_model(tmp_path, clock, family):
    expected = {}
    for number, celsius in enumerate([-40, -25.0625, -0.5, 0.5, 25.0625, 84.9375]):
        model = simulated.DS18B20(clock, f"{family}-{number:012x}")
        model.set("temperature", celsius)
        thermometer = DS18B20(W1Port(write_out(model, tmp_path), SimulatedW1()))
        expected[model.id] = measure(thermometer)
    witness = subprocess.run(
        [sys.executable, "-c", WITNESS, str(tmp_path)],
        env={**os.environ, "W1THERMSENSOR_NO_KERNEL_MODULE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.split() for line in witness.stdout.splitlines())
    seen = {chip: float(celsius) for chip, celsius in lines}
    assert seen == pytest.approx(expected, abs=0.001)
