import re

import adafruit_max31855
import pytest

from drivers.base.driver import read, read_parted
from drivers.base.errors import BadChecksum, DeadFrame, OutOfRange
from drivers.base.spi import SPIPort
from drivers.max31855 import MAX31855, temperatures
from edge_agent.testing import SensorContract
from simulators import max31855
from simulators.clock import VirtualClock
from simulators.spi import SimulatedSPI

NO_FLAG = "nothing that it sends distinguishes a new conversion from an old one"


class TestContract(SensorContract):
    driver = MAX31855
    model = max31855.MAX31855
    place = {"address": 0}
    settle = 0.2
    blind = {
        "test_a_fault_of_any_kind_gives_no_wrong_value": NO_FLAG,
        "test_a_fault_after_the_setup_gives_no_wrong_value": NO_FLAG,
    }


class Punctual(max31855.MAX31855):
    """A chip that no fault keeps from converting: all other faults are noticed."""

    slowness = property(lambda self: 1.0, lambda self, times: None)


class TestContractOfAChipThatConverts(TestContract):
    model = Punctual
    blind = {}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_on_spi):
    def adafruit(spi, clock):
        del clock  # it does not wait
        chip = adafruit_max31855.MAX31855(spi, None)
        return lambda: {"temperature": chip.temperature, "internal": chip.reference_temperature}

    agree_on_spi(adafruit, MAX31855, max31855.MAX31855, settle=0.2)


class Words:
    """A chip select that answers with one word after the other, the last one for ever."""

    mode, max_speed_hz = 0, 500_000

    def __init__(self, *words):
        self.words = list(words)

    def xfer2(self, values):
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        return list(word.to_bytes(4)[: len(values)])

    def close(self):
        pass


def measured(*words):
    return read(MAX31855(SPIPort(Words(*words), "oven")), lambda _: None)


# Datasheet, table 4
@pytest.mark.parametrize(
    "bits, celsius",
    [
        ("01100100000000", 1600),
        ("00111110100000", 1000),
        ("00000110010011", 100.75),
        ("00000001100100", 25),
        ("00000000000000", 0),
        ("11111111111111", -0.25),
        ("11111111111100", -1),
        ("11110000011000", -250),
    ],
)
def test_the_datasheets_thermocouple_temperatures(bits, celsius):
    word = int(bits, 2) << 18 | 0x190 << 4
    assert temperatures(word) == measured(word) == {"temperature": celsius, "internal": 25}


# Datasheet, table 5
@pytest.mark.parametrize(
    "code, celsius",
    [
        (0x7F0, 127),
        (0x649, 100.5625),
        (0x190, 25),
        (0x000, 0),
        (0xFFF, -0.0625),
        (0xFF0, -1),
        (0xEC0, -20),
        (0xC90, -55),
    ],
)
def test_the_datasheets_internal_temperatures(code, celsius):
    assert temperatures(100 << 18 | code << 4) == {"temperature": 25, "internal": celsius}


WORD = 0x06400190  # 100.00 °C, 1.5625 °C


@pytest.mark.parametrize(
    "faults, words",
    [
        (1, r"thermocouple is open \(check that both"),
        (2, r"thermocouple touches ground \(insulate"),
        (4, r"thermocouple touches the supply \(check"),
        (7, "thermocouple is open"),
    ],
)
def test_a_broken_thermocouple_has_no_value_and_the_error_says_what_is_wrong(faults, words):
    clock = VirtualClock()
    chip = max31855.MAX31855(clock)
    chip.faults = faults
    device = MAX31855(SPIPort(SimulatedSPI(chip, []), "oven"))
    values, refused = read_parted(device, clock.sleep)
    assert values == {"internal": 24}
    assert re.match(f"oven: the {words}", str(refused["temperature"]))
    chip.faults = 0
    assert read(device, clock.sleep) == {"temperature": 180, "internal": 24}


@pytest.mark.parametrize("bit", range(32))
@pytest.mark.parametrize("which", [0, 1])
def test_any_bit_flipped_in_one_of_the_two_reads_is_noticed(bit, which):
    words = [WORD, WORD]
    words[which] ^= 1 << bit
    with pytest.raises(BadChecksum):
        measured(*words)


@pytest.mark.parametrize("bit", [0, 1, 2, 3, 16, 17])
def test_a_word_that_the_chip_cannot_send_is_refused_however_often_it_comes(bit):
    with pytest.raises(BadChecksum, match="cannot be a MAX31855's word"):
        measured(WORD ^ 1 << bit)


@pytest.mark.parametrize("word", [0, 0xFFFFFFFF])
def test_a_silent_line_is_called_so(word):
    with pytest.raises(DeadFrame, match=f"answers {word:08x} only"):
        measured(word)


def test_a_temperature_that_the_chip_cannot_measure_is_refused():
    assert measured(0x70C00190) == {"internal": 1.5625}  # 1804 °C


def test_without_its_cold_junction_a_thermocouple_has_no_value():
    with pytest.raises(OutOfRange, match="internal is -125, the chip measures"):
        measured(0x06408300)


def test_the_model_has_no_result_until_its_first_conversion_has_ended():
    clock = VirtualClock()
    chip = max31855.MAX31855(clock)
    assert chip.transfer(bytes(4)) == bytes(4)
    clock.sleep(0.201)
    assert chip.transfer(bytes(5)).hex() == "0b40180000"


def test_the_model_converts_ten_times_a_second():
    clock = VirtualClock()
    chip = max31855.MAX31855(clock)
    clock.sleep(0.201)
    first = chip.transfer(bytes(4))
    chip.set("temperature", 200.0)
    clock.sleep(0.09)
    assert chip.transfer(bytes(4)) == first
    clock.sleep(0.02)
    assert chip.transfer(bytes(4)).hex() == "0c801800"
