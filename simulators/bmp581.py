"""Bosch BMP581 as its datasheet describes it (BST-BMP581-DS004): values, not codes; no checksum.

Neither the filter nor the FIFO is modelled.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.bosch import RESET_WORD, BoschRegisters
from simulators.model import Range

ID, INT_SOURCE, DATA, INT_STATUS, STATUS, DSP_CONFIG, OSR, ODR = (
    0x01,
    0x15,
    0x1D,
    0x27,
    0x28,
    0x30,
    0x36,
    0x37,
)
CMD = 0x7E
POWER_ON = {0x02: 0x32, INT_STATUS: 0x10, STATUS: 0x01, DSP_CONFIG: 0x23, ODR: 0x70}
KEPT = {0x14: 0xFF, INT_SOURCE: 0x0F, DSP_CONFIG: 0x3F, 0x31: 0x3F, OSR: 0x7F, ODR: 0xFF}
NO_RESULT = b"\x7f" * 6
MEMORY_READY, NEW, PRESSURE = 0x02, 0x01, 0x40
NORMAL, FORCED, CONTINUOUS = 1, 2, 3
START_SECONDS = 0.0015
MILLISECONDS = (1.0, 1.7, 2.9, 5.4, 10.4, 20.4, 40.4, 80.4)


class BMP581(BoschRegisters):
    """Measures on command or continuously; a flag says what is new until it is read."""

    addresses: ClassVar[tuple[int, ...]] = (0x47, 0x46)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 1 / 65536),
        "atmospheric_pressure": Range(300, 1250, 1 / 6400),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "atmospheric_pressure": 1013.0}
    chip_id: ClassVar[int] = 0x50

    def power_on(self) -> None:
        """Sleep deeply; the memory is read a little later."""
        self._registers = bytearray(256)
        for register, value in {ID: self.chip_id, **POWER_ON}.items():
            self._registers[register] = value
        self._registers[DATA : DATA + 6] = NO_RESULT
        self._pointer = 0
        self._awake_at = self.clock.monotonic() + START_SECONDS
        self._done_at: float | None = None

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on; a look at the flags clears them."""
        frame = super().read(count)
        if self._pointer <= INT_STATUS < self._pointer + count:
            self._registers[INT_STATUS] = 0
        return frame

    def _pass_time(self) -> None:
        now = self.clock.monotonic()
        if now >= self._awake_at:
            self._registers[STATUS] |= MEMORY_READY
        if self._done_at is not None and now >= self._done_at:
            self._finish(now - self._done_at)

    def _store(self, register: int, value: int) -> None:
        if (register, value) == (CMD, RESET_WORD):
            self.power_on()
        elif register in KEPT:
            self._registers[register] = value & KEPT[register]
            if register == ODR:
                self._begin()

    def _mode(self) -> int:
        return self._registers[ODR] & 3

    def _begin(self) -> None:
        self._done_at = None
        if self._mode():
            self._sampled = self._codes()
            self._done_at = self.clock.monotonic() + self._seconds()

    def _finish(self, late: float) -> None:
        """Show what is ready; unless it was forced, the next one follows."""
        period = 1.0 if self._mode() == NORMAL else self._seconds()
        again = self._mode() != FORCED
        self._registers[DATA : DATA + 6] = (
            self._codes() if again and late >= period else self._sampled
        )
        self._registers[INT_STATUS] |= NEW & self._registers[INT_SOURCE]
        self._sampled = self._codes()
        self._done_at = self.clock.monotonic() - late % period + period if again else None
        if not again:
            self._registers[ODR] &= ~3

    def _seconds(self) -> float:
        """Return the typical time."""
        setting = self._registers[OSR]
        pressed = MILLISECONDS[setting >> 3 & 7] if setting & PRESSURE else 0
        return (2 + MILLISECONDS[setting & 7] + pressed) / 1000 * self.slowness

    def _codes(self) -> bytes:
        celsius = round(self.values["temperature"] * 65536) & 0xFFFFFF
        pascal = min(max(round(self.values["atmospheric_pressure"] * 6400), 0), 0xFFFFFF)
        pressed = self._registers[OSR] & PRESSURE
        shown = pascal.to_bytes(3, "little") if pressed else NO_RESULT[:3]
        return celsius.to_bytes(3, "little") + shown
