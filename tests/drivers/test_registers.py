import pytest

from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration
from drivers.base.i2c import I2CPort
from drivers.base.registers import WordRegisters, refuse_changed, refuse_dead, signed
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.model import I2CModel


class Registers(I2CModel):
    """A chip whose registers are given; it counts on while it is read, if `restless`."""

    inputs = {}
    quiet = {}
    held = {1: b"\x12\x34"}
    restless = False

    def power_on(self):
        self.written = []

    def write(self, data):
        self.written.append(data)

    def read(self, count):
        frame = self.held[self.written[-1][0]]
        if self.restless:
            self.held = {1: bytes([frame[0] + 1, frame[1]])}
        return frame[:count]


@pytest.fixture
def chip():
    return Registers(VirtualClock())


@pytest.fixture
def port(chip):
    bus = SimulatedBus(chip.clock)
    bus.attach(0x40, chip)
    return I2CPort(bus, 0x40, "chip")


@pytest.mark.parametrize("order, word", [("big", 0x1234), ("little", 0x3412)])
def test_a_word_is_read_and_written_in_the_chips_order(chip, port, order, word):
    registers = WordRegisters(port, order)
    assert registers.read(1) == registers.read_steady(1) == word
    registers.write(2, word)
    assert chip.written[-1] == b"\x02\x12\x34"


def test_reads_that_differ_are_refused(chip, port):
    chip.restless = True
    with pytest.raises(BadChecksum, match="chip:0x40: reads of one result differ: 12 34, 13 34"):
        WordRegisters(port).read_steady(1)


def test_a_result_that_has_changed_is_not_confirmed(port):
    WordRegisters(port).confirm(1, 0x1234)
    with pytest.raises(BadChecksum, match="two reads of one result differ: 1235 and 1234"):
        WordRegisters(port).confirm(1, 0x1235)


@pytest.mark.parametrize("word, shown", [(0x0000, "00"), (0xFFFF, "ff")])
def test_a_word_of_zeros_or_ones_is_no_chips(port, word, shown):
    WordRegisters(port).refuse_dead(0x00FF)
    with pytest.raises(DeadFrame, match=f"the chip answers {shown} only"):
        WordRegisters(port).refuse_dead(word)


def test_a_changed_register_says_what_it_holds(port):
    WordRegisters(port).refuse_changed(0x1234, 0x1234)
    with pytest.raises(LostConfiguration, match="configured 1234, holds 0000"):
        WordRegisters(port).refuse_changed(0, 0x1234)


def test_frames_of_any_length_are_refused_alike():
    refuse_dead(b"\x00\x00\x01", "here")
    with pytest.raises(DeadFrame, match="here: the chip answers 00 only"):
        refuse_dead(bytes(3), "here")
    refuse_changed(b"\x01", b"\x01", "here")
    with pytest.raises(LostConfiguration, match="configured 01 02, holds 01 03"):
        refuse_changed(b"\x01\x03", b"\x01\x02", "here")


@pytest.mark.parametrize(
    "word, bits, value",
    [(0x7FFF, 16, 32767), (0x8000, 16, -32768), (0xFFFF, 16, -1), (0x1E6C, 13, -404), (0, 16, 0)],
)
def test_a_twos_complement_is_a_signed_number(word, bits, value):
    assert signed(word, bits) == value
