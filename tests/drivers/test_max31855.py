import re
from typing import get_args

import adafruit_max31855
import pytest

from drivers.base import thermocouple
from drivers.base.driver import read, read_parted, run
from drivers.base.errors import BadChecksum, DeadFrame, OutOfRange
from drivers.base.spi import SPIPort
from drivers.max31855 import MAX31855, SENSITIVITIES, temperatures
from edge_agent.testing import SensorContract
from simulators import max31855
from simulators.clock import VirtualClock
from simulators.spi import SimulatedSPI
from simulators.thermocouples import millivolts

NO_NEWS, _ = MAX31855.blind


class TestContract(SensorContract):
    driver = MAX31855
    model = max31855.MAX31855
    place = {"address": 0}
    settle = 0.2
    blind = {
        "test_a_fault_of_any_kind_gives_no_wrong_value": NO_NEWS,
        "test_a_fault_after_the_setup_gives_no_wrong_value": NO_NEWS,
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
        return lambda: {
            "temperature": chip.temperature_NIST,
            "internal": chip.reference_temperature,
        }

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
    assert temperatures(word) == (celsius, 25)


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
    assert temperatures(100 << 18 | code << 4) == (25, celsius)


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
    assert read(device, clock.sleep) == {"temperature": pytest.approx(180, abs=0.2), "internal": 24}


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


@pytest.mark.parametrize("line, celsius", [(-140, -194.8), (1200, 1218.2), (100, 99.97)])
def test_the_chips_straight_line_is_not_taken_for_the_temperature(line, celsius):
    word = (round(line * 4) & 0x3FFF) << 18 | 0x190 << 4
    assert measured(word)["temperature"] == pytest.approx(celsius, abs=0.1)


# Points of NIST's tables: °C and mV
@pytest.mark.parametrize(
    "kind, celsius, voltage",
    [
        ("K", -150, -4.913),
        ("K", 1200, 48.838),
        ("J", -100, -4.633),
        ("J", 760, 42.919),
        ("N", -200, -3.990),
        ("N", 1000, 36.256),
        ("T", -200, -5.603),
        ("T", 400, 20.872),
        ("E", -100, -5.237),
        ("E", 1000, 76.373),
        ("S", -50, -0.236),
        ("S", 1500, 15.582),
        ("R", 1000, 10.506),
        ("R", 1768, 21.101),
    ],
)
def test_driver_and_model_have_the_reference_tables_points(kind, celsius, voltage):
    assert millivolts(kind, celsius) == pytest.approx(voltage, abs=0.0006)
    if kind != "S" or celsius > 0:  # -50 °C is the very end
        assert thermocouple.celsius(kind, voltage) == pytest.approx(celsius, abs=0.15)


# Datasheet, table 1 (page 8): µV/°C from 0 to `high`, of which NIST's functions are the witness
@pytest.mark.parametrize(
    "kind, microvolts, high",
    [
        ("K", 41.276, 1000),
        ("J", 57.953, 1000),
        ("N", 36.256, 1000),
        ("T", 52.18, 400),
        ("E", 76.373, 1000),
        ("S", 9.587, 1000),
        ("R", 10.506, 1000),
    ],
)
def test_the_straight_line_of_each_type_is_the_datasheets(kind, microvolts, high):
    assert SENSITIVITIES[kind] * 1000 == pytest.approx(microvolts, abs=1e-9)
    assert max31855.SENSITIVITIES[kind] == microvolts
    assert millivolts(kind, high) / high * 1000 == pytest.approx(microvolts, abs=0.001)


@pytest.mark.parametrize("kind", get_args(thermocouple.ThermocoupleType))
@pytest.mark.parametrize("internal", [-10.0, 24.0, 70.0])
def test_every_temperature_of_every_type_comes_out_within_one_step(kind, internal):
    clock = VirtualClock()
    chip = max31855.MAX31855(clock, kind)
    device = MAX31855(SPIPort(SimulatedSPI(chip, []), "oven"), thermocouple=kind)
    run(device.setup(), clock.sleep)
    hot = device.channels[0]
    chip.set("internal", internal)
    for n in range(1, 200):
        celsius = hot.low + (hot.high - hot.low) * n / 200
        chip.set("temperature", celsius)
        clock.sleep(0.2)
        found = run(device.measure(), clock.sleep)["temperature"]
        assert found == pytest.approx(celsius, abs=hot.resolution)


def test_a_temperature_beyond_the_types_range_is_refused_with_the_remedy():
    line = 0x70C00190  # 1804 °C
    assert measured(line) == {"internal": 1.5625}
    refused = read_parted(MAX31855(SPIPort(Words(line), "oven")), lambda _: None).refused
    assert str(refused["temperature"]) == (
        "oven: 1804 °C by the chip's straight line is beyond type K (is `thermocouple` its type?)"
    )


def test_without_its_cold_junction_a_thermocouple_has_no_value():
    with pytest.raises(OutOfRange, match="internal is -125, the chip measures"):
        measured(0x06408300)


def test_the_model_has_no_result_until_its_first_conversion_has_ended():
    clock = VirtualClock()
    chip = max31855.MAX31855(clock)
    assert chip.transfer(bytes(4)) == bytes(4)
    clock.sleep(0.201)
    assert chip.transfer(bytes(5)).hex() == "0b28180000"  # 178.5 °C by its straight line


def test_the_model_converts_ten_times_a_second():
    clock = VirtualClock()
    chip = max31855.MAX31855(clock)
    clock.sleep(0.201)
    first = chip.transfer(bytes(4))
    chip.set("temperature", 200.0)
    clock.sleep(0.09)
    assert chip.transfer(bytes(4)) == first
    clock.sleep(0.02)
    assert chip.transfer(bytes(4)).hex() == "0c601800"
