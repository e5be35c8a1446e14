"""Sensirion SHT4x as its datasheet describes it (version 6.5): commands in, words with CRC out."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

DURATIONS = {0xFD: 0.0069, 0xF6: 0.0037, 0xE0: 0.0013}  # typical, table 5
HEATER = {0x39: 1.0, 0x32: 0.1, 0x2F: 1.0, 0x24: 0.1, 0x1E: 1.0, 0x15: 0.1}  # table 8
RESET, SERIAL = 0x94, 0x89
RESET_SECONDS = 0.0006
SERIAL_NUMBER = (0x0F41, 0xB2C7)


class SHT4x(I2CModel):
    """Does not acknowledge a read before its conversion is over, nor one without a command."""

    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45, 0x46)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 175 / 65535),
        "humidity": Range(0, 100, 125 / 65535),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    def power_on(self) -> None:
        """Forget the command under way."""
        self._words: tuple[int, ...] = ()
        self._ready_at = self.clock.monotonic()

    def write(self, data: bytes) -> None:
        """Take a command; while a conversion runs, nothing is acknowledged (§4.4)."""
        if self.clock.monotonic() < self._ready_at:
            raise Nack
        if data:
            self._command(data[0])

    def read(self, count: int) -> bytes:
        """Give the words of the last command once."""
        if self.clock.monotonic() < self._ready_at or not self._words:
            raise Nack
        words, self._words = self._words, ()
        frame = b"".join(word.to_bytes(2, "big") + bytes([crc(word)]) for word in words)
        return frame[:count].ljust(count, b"\xff")

    def _command(self, code: int) -> None:
        if code == RESET:
            self.power_on()
            self._ready_at += RESET_SECONDS
        elif code == SERIAL:
            self._words = SERIAL_NUMBER
        elif code in DURATIONS or code in HEATER:
            seconds = DURATIONS.get(code) or HEATER[code]
            self._ready_at = self.clock.monotonic() + seconds * self.slowness
            self._words = (
                _ticks((self.values["temperature"] + 45) / 175),
                _ticks((self.values["humidity"] + 6) / 125),
            )
        else:
            raise Nack


def crc(word: int) -> int:
    """CRC-8 with polynomial x8 + x5 + x4 + 1, initially 0xFF (§4.4), bit by bit as a register."""
    register = 0xFF
    for n in range(15, -1, -1):
        out = register >> 7 ^ (word >> n & 1)
        register = register << 1 & 0xFF
        if out:
            register ^= 0x31
    return register


def _ticks(share: float) -> int:
    return min(max(round(share * 65535), 0), 65535)
