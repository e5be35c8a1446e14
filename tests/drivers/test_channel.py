import pytest

from drivers.base.channel import UNITS, Channel
from drivers.base.driver import checked, parted, read, run
from drivers.base.errors import NotReady, OutOfRange

TEMPERATURE = Channel("temperature", "°C", -40, 125, 0.01)
HUMIDITY = Channel("humidity", "%", 0, 100, 0.1)


@pytest.mark.parametrize(
    "quantity, unit",
    [
        ("atmospheric_pressure", "hPa"),
        ("current", "A"),
        ("distance", "m"),
        ("illuminance", "lx"),
        ("pm25", "µg/m³"),
        ("temperature", "°C"),
        ("volatile_organic_compounds_parts", "ppb"),
    ],
)
def test_a_quantity_has_home_assistants_name_and_one_unit(quantity, unit):
    assert UNITS[quantity] == unit


@pytest.mark.parametrize("quantity, unit", UNITS.items())
def test_a_channel_has_the_unit_of_its_quantity(quantity, unit):
    assert Channel(quantity, unit, 0, 1, 0.1).quantity == quantity
    assert Channel("mine", unit, 0, 1, 0.1, quantity).quantity == quantity


@pytest.mark.parametrize(
    "name, unit, quantity",
    [
        ("temperature", "°F", ""),
        ("temperature", "", ""),
        ("atmospheric_pressure", "Pa", ""),
        ("mine", "°C", ""),
        ("mine", "°C", "warmth"),
        ("mine", "", ""),
        ("temperature", "°C", "humidity"),
    ],
)
def test_another_unit_or_quantity_is_refused_with_the_remedy(name, unit, quantity):
    with pytest.raises(ValueError, match=rf"channel {name}: .* use the table UNITS"):
        Channel(name, unit, 0, 1, 0.1, quantity)


@pytest.mark.parametrize(
    "resolution, decimals",
    [
        (10, 0),
        (1, 0),
        (0.83, 1),
        (0.1, 1),
        (0.0625, 2),
        (0.0262, 2),
        (0.01, 2),
        (0.000999999, 3),
        (175 / 65535, 3),
        (0.000125, 4),
        (1e-6, 6),
        (1e-9, 9),
        (0, 12),
    ],
)
def test_decimals_show_a_step_and_no_more(resolution, decimals):
    assert Channel("voltage", "V", 0, 5, resolution).decimals == decimals


@pytest.mark.parametrize("celsius", [-40, 0, 125, -40.004, 125.004])
def test_a_value_in_the_range_or_rounded_at_its_end_passes_unchanged(celsius):
    values = {"temperature": celsius, "humidity": 50.0}
    assert checked((TEMPERATURE, HUMIDITY), values, "here") == {
        "temperature": celsius,
        "humidity": 50.0,
    }


@pytest.mark.parametrize("celsius", [-40.006, 125.006, 187.55, float("inf"), float("nan")])
def test_a_value_that_the_chip_cannot_measure_is_refused(celsius):
    with pytest.raises(OutOfRange, match=r"here: temperature is .* measures -40 to 125 °C"):
        checked((TEMPERATURE,), {"temperature": celsius}, "here")


def test_a_channel_that_is_refused_takes_no_other_along():
    measured = {"temperature": 126, "humidity": 50.0}
    values, refused = parted(checked((HUMIDITY, TEMPERATURE), measured, "here"))
    assert values == {"humidity": 50.0}
    assert str(refused["temperature"]) == (
        "here: temperature is 126, the chip measures -40 to 125 °C"
    )


def test_a_channel_has_no_value_without_those_that_it_is_computed_from():
    pressure = Channel("atmospheric_pressure", "hPa", 300, 1100, 0.01, needs=("temperature",))
    measured = {"temperature": 126, "humidity": 50.0, "atmospheric_pressure": 1000.0}
    values, refused = parted(checked((TEMPERATURE, pressure, HUMIDITY), measured, "here"))
    assert values == {"humidity": 50.0}
    assert refused["atmospheric_pressure"] is refused["temperature"]


def test_an_error_of_a_channel_stays_beside_the_values_and_is_raised_if_there_are_none():
    broken = NotReady("here", "the fan stands still")
    measured = checked((TEMPERATURE, HUMIDITY), {"temperature": broken, "humidity": 50.0}, "here")
    assert measured == {"temperature": broken, "humidity": 50.0}
    with pytest.raises(NotReady, match="the fan"):
        checked((TEMPERATURE, HUMIDITY), {"temperature": broken, "humidity": 500.0}, "here")


def test_a_channel_without_a_unit_is_refused_without_one():
    with pytest.raises(OutOfRange, match=r"measures 0 to 1$"):
        checked([Channel("binary", "", 0, 1, 1)], {"binary": 7}, "here")


class Slow:
    """Waits twice in setup and once in a measurement."""

    bus = "i2c"
    channels = (TEMPERATURE,)

    def __init__(self):
        self.done = []

    def setup(self):
        yield 0.002
        yield 0.003
        self.done.append("setup")

    def measure(self):
        yield 0.01
        self.done.append("measure")
        return {"temperature": 21.0}


def test_run_sleeps_as_asked_and_returns_the_result():
    slept = []
    assert run(Slow().measure(), slept.append) == {"temperature": 21.0}
    assert slept == [0.01]


def test_run_lets_an_error_through():
    def steps():
        yield 0.0
        raise OutOfRange("here", "far off")

    with pytest.raises(OutOfRange):
        run(steps(), lambda seconds: None)


def test_run_takes_steps_that_never_wait():
    def steps():
        return 7
        yield

    assert run(steps(), pytest.fail) == 7


def test_read_sets_up_then_measures():
    slept, device = [], Slow()
    assert read(device, slept.append) == {"temperature": 21.0}
    assert device.done == ["setup", "measure"]
    assert slept == [0.002, 0.003, 0.01]
