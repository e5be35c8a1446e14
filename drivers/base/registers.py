"""What chips with registers share: frames that no chip sent, changed settings, words of 16 bits."""

from typing import Literal

from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration
from drivers.base.i2c import I2CPort


class WordRegisters:
    """The 16-bit registers of one chip; most chips send the high byte first."""

    def __init__(self, port: I2CPort, order: Literal["big", "little"] = "big") -> None:
        self._port = port
        self._order = order

    def read(self, register: int) -> int:
        """Return a register, read once."""
        return int.from_bytes(self._port.write_read(bytes([register]), 2), self._order)

    def read_steady(self, register: int) -> int:
        """Return a register that does not change; raise `BadChecksum` unless all reads agree."""
        return int.from_bytes(self._port.read_steady(2, bytes([register])), self._order)

    def read_in_turn(self, *registers: int) -> tuple[int, ...]:
        """Return registers that do not change, one of which is known, read in turn."""
        frames = self._port.read_in_turn(*((bytes([each]), 2) for each in registers))
        return tuple(int.from_bytes(frame, self._order) for frame in frames)

    def write(self, register: int, word: int) -> None:
        """Write a register."""
        self._port.write(bytes([register, *word.to_bytes(2, self._order)]))

    def confirm(self, register: int, word: int) -> None:
        """Raise `BadChecksum` unless a result that was read once is still the same."""
        again = self.read_steady(register)
        if word != again:
            what = f"two reads of one result differ: {word:04x} and {again:04x}"
            raise BadChecksum(self._port.where, what)

    def refuse_dead(self, word: int) -> None:
        """Raise `DeadFrame` for a word of zeros or ones that the register cannot hold."""
        refuse_dead(word.to_bytes(2), self._port.where)

    def refuse_changed(self, held: int, wanted: int) -> None:
        """Raise `LostConfiguration` unless a register holds what was written."""
        if held != wanted:
            what = f"configured {wanted:04x}, holds {held:04x}"
            raise LostConfiguration(self._port.where, what)


def refuse_dead(frame: bytes, where: str) -> None:
    """Raise `DeadFrame` if no chip drove the line."""
    if set(frame) in ({0x00}, {0xFF}):
        raise DeadFrame(where, f"the chip answers {frame[:1].hex()} only")


def refuse_changed(held: bytes, wanted: bytes, where: str) -> None:
    """Raise `LostConfiguration` unless the chip holds what was written."""
    if held != wanted:
        raise LostConfiguration(where, f"configured {wanted.hex(' ')}, holds {held.hex(' ')}")


def signed(word: int, bits: int = 16) -> int:
    """Return the value of a two's complement."""
    sign = 1 << bits - 1
    return (word & sign - 1) - (word & sign)
