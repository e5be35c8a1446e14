"""Maxim DS3231 as its datasheet describes it (19-5170 rev 10): a clock with a thermometer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from simulators.model import I2CModel, Range

CONTROL, STATUS, AGING, TEMPERATURE = 0x0E, 0x0F, 0x10, 0x11
CONVERT, OSCILLATOR_STOPPED, OUTPUT_32K, BUSY = 0x20, 0x80, 0x08, 0x04
COUNT = 0x13
PERIOD, CONVERSION = 64.0, 0.125  # seconds
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class DS3231(I2CModel):
    """Converts every 64 s and on command; its time runs, and is lost with its power."""

    addresses: ClassVar[tuple[int, ...]] = (0x68,)
    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-40, 85, 0.25)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0}

    def power_on(self) -> None:
        """Begin at the first of January 2000, and say that the oscillator stood still."""
        self._began = self.clock.monotonic()
        self._alarms = bytearray(7)
        self._control, self._aging = 0x1C, 0
        self._status = OSCILLATOR_STOPPED | OUTPUT_32K
        self._code = 0
        self._pointer = 0
        self._forced = False
        self._convert()

    def write(self, data: bytes) -> None:
        """Set the pointer, then write from there on; the time is left as it is."""
        self._finish()
        for n, byte in enumerate(data):
            if n == 0:
                self._pointer = byte % COUNT
                continue
            self._store(byte)
            self._pointer = (self._pointer + 1) % COUNT

    def read(self, count: int) -> bytes:
        """Read from the pointer on."""
        self._finish()
        registers = self._registers()
        frame = bytes(registers[(self._pointer + n) % COUNT] for n in range(count))
        self._pointer = (self._pointer + count) % COUNT
        return frame

    def _store(self, byte: int) -> None:
        if 7 <= self._pointer < CONTROL:
            self._alarms[self._pointer - 7] = byte
        elif self._pointer == CONTROL:
            starts = byte & CONVERT and not self._converting
            self._control = byte & ~CONVERT
            self._forced = self._forced or bool(byte & CONVERT)
            if starts:
                self._convert(forced=True)
        elif self._pointer == STATUS:
            self._status = self._status & byte & 0x83 | byte & OUTPUT_32K
        elif self._pointer == AGING:
            self._aging = byte

    def _convert(self, *, forced: bool = False) -> None:
        self._converting, self._forced = True, forced
        self._since = self.clock.monotonic()
        self._sampled = self.values["temperature"]

    def _finish(self) -> None:
        now = self.clock.monotonic()
        if self._converting and now - self._since >= CONVERSION * self.slowness:
            self._converting = self._forced = False
            self._code = min(max(round(self._sampled * 4), -512), 511)
        elif not self._converting and now - self._since >= PERIOD:
            self._convert()

    def _registers(self) -> bytes:
        control = self._control | (CONVERT if self._forced else 0)
        status = self._status | (BUSY if self._converting else 0)
        celsius = (self._code << 6 & 0xFFFF).to_bytes(2)
        return self._time() + bytes(self._alarms) + bytes([control, status, self._aging]) + celsius

    def _time(self) -> bytes:
        now = EPOCH + timedelta(seconds=self.clock.monotonic() - self._began)
        numbers = (now.second, now.minute, now.hour, now.isoweekday(), now.day, now.month)
        return bytes(_bcd(number) for number in (*numbers, now.year % 100))


def _bcd(number: int) -> int:
    return number // 10 << 4 | number % 10
