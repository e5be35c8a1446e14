"""Sensirion's protocol as its datasheets describe it: commands in, words with a CRC out."""

from functools import cache
from typing import ClassVar

from simulators.model import I2CModel, Nack


class WordModel(I2CModel):
    """Acknowledges nothing while it is busy, and gives the words of a command once."""

    command_size: ClassVar[int] = 2  # bytes
    interruptible: ClassVar[bool] = False  # takes a command while it is busy with another

    def power_on(self) -> None:
        """Forget the command under way."""
        self._words: tuple[int, ...] = ()
        self._ready_at = self.clock.monotonic()

    def write(self, data: bytes) -> None:
        """Take a command and its arguments."""
        busy = self.clock.monotonic() < self._ready_at
        if (busy and not self.interruptible) or 0 < len(data) < self.command_size:
            raise Nack
        if data:
            size = self.command_size
            self._command(int.from_bytes(data[:size]), data[size:])

    def read(self, count: int) -> bytes:
        """Give the words of the last command once, not before they are ready."""
        if self.clock.monotonic() < self._ready_at or not self._words:
            raise Nack
        words, self._words = self._words, ()
        frame = b"".join(with_crc(word) for word in words)
        return frame[:count].ljust(count, b"\xff")

    def _command(self, code: int, arguments: bytes) -> None:
        """Do what a command says; raise `Nack` for an unknown one."""
        raise NotImplementedError

    def _busy_for(self, seconds: float) -> None:
        self._ready_at = self.clock.monotonic() + seconds


def with_crc(word: int) -> bytes:
    """Append the CRC-8 with polynomial x8 + x5 + x4 + 1, initially 0xFF, bit by bit."""
    register = _eight_shifts(_eight_shifts(0xFF ^ word >> 8) ^ word & 0xFF)
    return bytes((word >> 8, word & 0xFF, register))


@cache  # there are 256, and a simulated sensor has done them all soon
def _eight_shifts(register: int) -> int:
    """Return the register, to which a byte was added, once all its bits have left."""
    for _ in range(8):
        out, register = register >> 7, register << 1 & 0xFF
        if out:
            register ^= 0x31
    return register


def checked_word(data: bytes) -> int:
    """Return an argument; raise `Nack` if its CRC is wrong."""
    word = int.from_bytes(data[:2])
    if data != with_crc(word):
        raise Nack
    return word


def ticks(share: float) -> int:
    """Return a share of the full scale as a word."""
    return min(max(round(share * 65535), 0), 65535)
