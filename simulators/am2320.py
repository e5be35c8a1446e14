"""Aosong AM2320 as its product manual (2014) describes it: it sleeps, and answers what it had."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

READ = 0x03
WAKES, STAYS, PREPARES = 0.0008, 3.0, 0.0015  # s
MEASURES = 1.8  # s


class AM2320(I2CModel):
    """Wakes by its address, which it does not acknowledge; a read begins a measurement."""

    addresses: ClassVar[tuple[int, ...]] = (0x5C,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 80, 0.1),
        "humidity": Range(0.1, 99.9, 0.1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    def power_on(self) -> None:
        """Sleep, with registers without a result."""
        self._registers = bytearray(32)
        self._registers[0x08:0x0F] = b"\x00\x00\x01\x00\x4c\x21\x7e"  # model, version, serial
        self._awake = self._prepared = -1e9
        self._asked: tuple[int, int] | None = None
        self._due: float | None = None
        self._codes = b""

    def write(self, data: bytes) -> None:
        """Wake, or take a command: read, register, count."""
        now = self.clock.monotonic()
        if now - self._awake > STAYS:
            self._awake, self._asked = now, None
            raise Nack
        if now - self._awake < WAKES:
            raise Nack
        if len(data) == 3 and data[0] == READ and 0 < data[2] <= 10:
            self._asked, self._prepared = (data[1], data[2]), now

    def read(self, count: int) -> bytes:
        """Give what was asked for, begin a measurement, and sleep."""
        now = self.clock.monotonic()
        if self._asked is None or now - self._awake > STAYS or now - self._prepared < PREPARES:
            raise Nack
        self._finish(now)
        (register, length), self._asked, self._awake = self._asked, None, -1e9
        frame = bytes([READ, length, *(self._registers[register + n & 31] for n in range(length))])
        self._begin(now)
        return (frame + _crc(frame).to_bytes(2, "little"))[:count].ljust(count, b"\xff")

    def _finish(self, now: float) -> None:
        if self._due is not None and now >= self._due:
            self._registers[0:4], self._due = self._codes, None

    def _begin(self, now: float) -> None:
        if self._due is not None:
            return
        humidity = min(max(round(self.values["humidity"] * 10), 0), 999)
        tenths = min(max(round(self.values["temperature"] * 10), -550), 1250)
        degrees = abs(tenths) | (0x8000 if tenths < 0 else 0)
        self._codes = humidity.to_bytes(2) + degrees.to_bytes(2)
        self._due = now + MEASURES * self.slowness


def _crc(data: bytes) -> int:
    """Return the remainder of the bits, lowest first, by x^16 + x^15 + x^2 + 1."""
    remainder = 0xFFFF
    for bit in (byte >> n & 1 for byte in data for n in range(8)):
        carry = (remainder ^ bit) & 1
        remainder = remainder >> 1 ^ 0xA001 * carry
    return remainder
