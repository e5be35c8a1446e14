import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.adxl345 import ADXL345
from simulators.control import (
    BeginFault,
    ControlError,
    ReleaseInputs,
    RepairTarget,
    SetInput,
    ShowHelp,
    ShowState,
    parse,
)
from simulators.relay import Relay
from simulators.scenario import PlannedFault
from simulators.sht4x import SHT4x

BUSES = (1, 3)


@pytest.fixture
def parsed(devices):
    """A function: parse a line for air, water and door, a fan and two I2C buses."""
    return lambda line: parse(line, {**devices, "fan": Relay}, BUSES)


UNDERSTOOD = {
    "set air.temperature 31": SetInput("air", "temperature", 31.0),
    "  set   air.temperature  -4.5 ": SetInput("air", "temperature", -4.5),
    "set door.active on": SetInput("door", "active", 1.0),
    "set door.active 0": SetInput("door", "active", 0.0),
    "release air.temperature": ReleaseInputs("air", ("temperature",)),
    "release air": ReleaseInputs("air", ("temperature", "humidity")),
    "fault air unplug": BeginFault(PlannedFault("unplug", {}, device="air")),
    "fault air unplug for 30s": BeginFault(PlannedFault("unplug", {"lasts": 30}, device="air")),
    "fault water shorted for 2m": BeginFault(PlannedFault("shorted", {"lasts": 120}, "water")),
    "fault air corrupt_bits for 1m share=0.5 seed=3": BeginFault(
        PlannedFault("corrupt_bits", {"lasts": 60, "share": 0.5, "seed": 3}, device="air")
    ),
    "fault air dead_frame ones=false": BeginFault(
        PlannedFault("dead_frame", {"ones": False}, device="air")
    ),
    "fault air brown_out": BeginFault(PlannedFault("brown_out", {}, device="air")),
    "fault i2c-3 stuck_bus for 10": BeginFault(PlannedFault("stuck_bus", {"lasts": 10}, bus=3)),
    "repair air": RepairTarget("air"),
    "repair i2c-1": RepairTarget(1),
    "show": ShowState(("air", "water", "door", "fan")),
    "show water": ShowState(("water",)),
    "help": ShowHelp(),
}


@pytest.mark.parametrize("line", UNDERSTOOD)
def test_a_line_is_understood(parsed, line):
    assert parsed(line) == UNDERSTOOD[line]


MISTAKES = {
    "fault air unplug \x1b[2J=1": "a line holds printable characters only",
    "": "'': unknown; known: fault, help, release, repair, set, show",
    "sett air.temperature 31": "'sett': unknown; did you mean 'set'?",
    "set": "wanted: set DEVICE.INPUT VALUE, such as: set air.temperature 31",
    "set air.temperature": "wanted: set DEVICE.INPUT VALUE, such as: set air.temperature 31",
    "set air.temperature 31 °C": "wanted: set DEVICE.INPUT VALUE, such as: set air.temperature 31",
    "set ear.temperature 31": "device 'ear': unknown; did you mean 'air'?",
    "set air 31": "air: write air.temperature or air.humidity",
    "set air.temperatur 31": "air: input 'temperatur': unknown; did you mean 'temperature'?",
    "set fan.on 1": "fan: a Relay has no inputs",
    "set air.temperature warm": "air.temperature: 'warm': wanted: a number from -40 to 85",
    "set air.temperature 86": "air.temperature: '86': wanted: a number from -40 to 85",
    "set air.temperature nan": "air.temperature: 'nan': wanted: a number from -40 to 85",
    "set air.temperature inf": "air.temperature: 'inf': wanted: a number from -40 to 85",
    "set air.temperature on": "air.temperature: 'on': wanted: a number from -40 to 85",
    "set door.active 0.5": "door.active: '0.5': wanted: 0 or 1",
    "release": "wanted: release DEVICE.INPUT, such as: release air.temperature",
    "release air.humidty": "air: input 'humidty': unknown; did you mean 'humidity'?",
    "fault": "wanted: fault DEVICE KIND [for DURATION], such as: fault air unplug for 30s",
    "fault water": "water: fault: write one of busy, noise, open, power_on, shorted, starved, "
    "unplug",
    "fault air unplugg": "air: fault 'unplugg': unknown; did you mean 'unplug'?",
    "fault door unplug": "door: no faults are known for a Contact",
    "fault i2c-2 stuck_bus": "device 'i2c-2': unknown; did you mean 'i2c-3'?",
    "fault air unplug for": "unplug: 'for': wanted: for DURATION, such as: for 30s",
    "fault air unplug for ever": "unplug: 'for ever': wanted: for DURATION, such as: for 30s",
    "fault air unplug 30s": "unplug: '30s': wanted: KEY=VALUE or: for DURATION",
    "fault air unplug for 30s now": "unplug: 'now': wanted: KEY=VALUE or: for DURATION",
    "fault air brown_out for 3s": "brown_out: takes no duration; write it without `for`",
    "fault air corrupt_bits shar=0.5": "fault: corrupt_bits.shar = 0.5: unknown; did you mean "
    "'share'?",
    "fault air corrupt_bits share=half": 'fault: corrupt_bits.share = "half": wanted: a number',
    "fault air unplug at=5": "fault: unplug.at = 5: unknown; known: lasts",
    "repair": "wanted: repair DEVICE, such as: repair air",
    "repair i2c-9": "device 'i2c-9': unknown; did you mean 'i2c-3'?",
    "show ear": "device 'ear': unknown; did you mean 'air'?",
    "show air water": "wanted: show [DEVICE], such as: show air",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_answered_with_what_to_write(parsed, line):
    with pytest.raises(ControlError) as caught:
        parsed(line)
    assert str(caught.value) == MISTAKES[line]


def test_every_input_takes_both_ends_of_its_range():
    for channel, span in ADXL345.inputs.items():
        for value in (span.low, span.high):
            asked = parse(f"set box.{channel} {value}", {"box": ADXL345}, ())
            assert asked == SetInput("box", channel, value)


WORDS = st.sampled_from(["set", "fault", "repair", "release", "show", "air", "air.temperature"])
ANY = st.lists(WORDS | st.text(max_size=8) | st.sampled_from(["for", "unplug", "share=1", "="]))


@given(words=ANY)
def test_any_line_is_understood_or_refused_in_one_line(words):
    refusals = []
    try:
        parse(" ".join(words)[:200], {"air": SHT4x}, BUSES)
    except ControlError as error:
        refusals.append(str(error))
    assert all(refusal.isprintable() for refusal in refusals)
