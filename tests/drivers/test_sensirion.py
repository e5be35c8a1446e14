import pytest

from drivers.base.driver import run
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady
from drivers.base.i2c import I2CPort
from drivers.base.sensirion import (
    asked,
    asked_at_once,
    humidity,
    measured,
    read_words,
    recognised,
    temperature,
    with_checksums,
)
from simulators.base.sensirion import with_crc
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.model import I2CModel, Nack

GOOD = bytes.fromhex("be ef 92 00 00 81")  # SHT4x datasheet §4.4, and zeros
ASK = b"\x89"


class Slow(I2CModel):
    """Gives `frame` once `refusals` reads were not acknowledged."""

    inputs = {}
    quiet = {}
    frame = GOOD
    refusals = 0

    def power_on(self):
        self.written = []

    def write(self, data):
        self.written.append(data)

    def read(self, count):
        if self.refusals:
            self.refusals -= 1
            raise Nack
        return self.frame[:count]


@pytest.fixture
def chip():
    return Slow(VirtualClock())


@pytest.fixture
def port(chip):
    bus = SimulatedBus(chip.clock)
    bus.attach(0x44, chip)
    return I2CPort(bus, 0x44, "chip")


@pytest.mark.parametrize("bit", range(8 * len(GOOD)))
def test_words_with_an_inverted_bit_are_refused(chip, port, bit):
    assert read_words(port, 2) == (0xBEEF, 0)
    chip.frame = (int.from_bytes(GOOD) ^ 1 << bit).to_bytes(len(GOOD))
    with pytest.raises(BadChecksum) as caught:
        read_words(port, 2)
    assert chip.frame.hex(" ") in caught.value.what


@pytest.mark.parametrize("byte", [b"\x00", b"\xff"])
def test_dead_frames_are_no_words(chip, port, byte):
    chip.frame = byte * 6
    with pytest.raises(BadChecksum):
        read_words(port, 2)


def test_arguments_carry_their_checksums():
    assert with_checksums(0xBEEF, 0) == GOOD


@pytest.mark.parametrize("ask", [asked, measured])
def test_words_are_read_after_the_commands_time(chip, port, ask):
    waits = []
    assert run(ask(port, ASK, 2, 0.01), waits.append) == (0xBEEF, 0)
    assert (chip.written, waits) == ([ASK], [0.01])


@pytest.mark.parametrize("ask, error", [(asked, NoAcknowledge), (measured, NotReady)])
def test_only_a_measurement_may_take_longer_than_its_time(chip, port, ask, error):
    chip.refusals = 1
    with pytest.raises(error):
        run(ask(port, ASK, 2, 0.01), lambda _: None)


def test_a_question_is_answered_within_its_attempts(chip, port):
    chip.refusals = 2
    assert asked_at_once(port, ASK, 2, attempts=3) == (0xBEEF, 0)
    chip.refusals = 3
    with pytest.raises(NotReady, match="chip:0x44: no answer to the command 89"):
        asked_at_once(port, ASK, 2, attempts=3)


def test_a_chip_without_checksums_or_without_an_answer_is_not_recognised(chip, port):
    assert recognised(port, ASK, 2) == (0xBEEF, 0)
    chip.refusals = 99
    assert recognised(port, ASK, 2) is None
    chip.refusals, chip.frame = 0, bytes(6)
    assert recognised(port, ASK, 2) is None


# SHT4x §4.4, SGP30 table 12, SGP40 table 9, SCD4x §3.6.2
@pytest.mark.parametrize(
    "word, crc",
    [
        (0xBEEF, 0x92),
        (0x0000, 0x81),
        (0x8000, 0xA2),
        (0x6666, 0x93),
        (0xFFFF, 0xAC),
        (0x01F4, 0x33),
    ],
)
def test_drivers_and_models_have_the_datasheets_checksum(word, crc):
    assert with_checksums(word)[2] == with_crc(word)[2] == crc


# SCD4x §3.6.2; a logic analyser saw the others of a real SHT31
@pytest.mark.parametrize(
    "ticks, celsius",
    [(0, -45), (0x6666, 25), (0x6667, 25), (0x67A2, 25.84), (0xFFFF, 130)],
)
def test_ticks_are_a_temperature(ticks, celsius):
    assert temperature(ticks) == pytest.approx(celsius, abs=0.01)


@pytest.mark.parametrize(
    "ticks, percent", [(0, 0), (0x8000, 50), (0x487F, 28.3), (0x5EB9, 37), (0xFFFF, 100)]
)
def test_ticks_are_a_humidity(ticks, percent):
    assert humidity(ticks) == pytest.approx(percent, abs=0.03)
