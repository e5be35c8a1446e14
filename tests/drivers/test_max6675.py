import pytest

from drivers.base.driver import read, run
from drivers.base.errors import BadChecksum, DeadFrame, OutOfRange
from drivers.base.spi import SPIPort
from drivers.max6675 import MAX6675, linearised
from edge_agent.testing import SensorContract
from simulators import max6675
from simulators.spi import SimulatedSPI


class TestContract(SensorContract):
    driver = MAX6675
    model = max6675.MAX6675
    place = {"address": 0}
    blind = {
        "test_a_fault_of_any_kind_gives_no_wrong_value": MAX6675.blind[0],
        "test_a_fault_after_the_setup_gives_no_wrong_value": MAX6675.blind[0],
    }


class Words:
    """A line on which these words arrive, the last one for ever."""

    mode, max_speed_hz = 0, 500_000

    def __init__(self, *words):
        self.words = list(words)

    def xfer2(self, values):
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        return list(word.to_bytes(2))[: len(values)]


@pytest.fixture
def model(clock):
    return max6675.MAX6675(clock)


def wired(model):
    return MAX6675(SPIPort(SimulatedSPI(model, [])))


def measured(clock, *words):
    return read(MAX6675(SPIPort(Words(*words))), clock.sleep)["temperature"]


# The straight line has 41 µV per °C; a type K at 25 °C gives 1.000 mV, at 500 °C 20.644 mV
@pytest.mark.parametrize("line, degrees", [(25, 25), (25 + 19.644 / 0.041, 500)])
def test_a_straight_line_is_turned_into_a_temperature(line, degrees):
    assert linearised(line) == pytest.approx(degrees, abs=0.06)


@pytest.mark.parametrize("own", [0, 10, 25, 40, 60, 85])
@pytest.mark.parametrize("degrees", [20, 100, 400, 1000])
def test_whatever_the_chips_own_temperature_is_a_value_is_near(model, clock, own, degrees):
    model.internal = own
    model.set("temperature", degrees)
    assert read(wired(model), clock.sleep)["temperature"] == pytest.approx(degrees, abs=0.9)


def test_the_bit_that_floats_is_ignored(clock):
    assert measured(clock, 0x0320, 0x0321) == measured(clock, 0x0320)


def test_an_open_thermocouple_has_no_value(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.open = True
    clock.sleep(1)
    with pytest.raises(OutOfRange, match="is open"):
        run(sensor.measure(), clock.sleep)


def test_the_upper_end_of_its_scale_has_no_value(clock):
    with pytest.raises(OutOfRange, match="an end of its scale"):
        measured(clock, 0x7FF8)


@pytest.mark.parametrize("word", [0x0000, 0xFFFF])
def test_a_dead_line_has_no_value(clock, word):
    with pytest.raises(DeadFrame, match="only"):
        measured(clock, word)


@pytest.mark.parametrize("word", [0x8320, 0x0322])
def test_a_word_of_another_chip_has_no_value(clock, word):
    with pytest.raises(BadChecksum, match="cannot be"):
        measured(clock, word)


def test_reads_that_differ_have_no_value(clock):
    with pytest.raises(BadChecksum, match="reads of one conversion differ"):
        measured(clock, 0x0320, 0x0320, 0x0328, 0x0320)


def test_the_first_word_is_not_that_of_a_conversion_before(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.set("temperature", 700)
    assert run(sensor.measure(), clock.sleep)["temperature"] == pytest.approx(700, abs=0.3)
