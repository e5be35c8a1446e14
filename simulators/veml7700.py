"""Vishay VEML7700 as its datasheet describes it (84286 rev 1.7): eight words, low byte first."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

CONF, HIGH, LOW, POWER_SAVING, ALS, WHITE, STATUS, ID = range(8)
SHUT_DOWN, INTERRUPTS = 0x0001, 0x0002
POWER_ON = [SHUT_DOWN, 0, 0, 0, 0, 0, 0, 0xC400]
WRITABLE = {CONF, HIGH, LOW, POWER_SAVING}
SENSITIVITIES = (1.0, 2.0, 1 / 8, 1 / 4)  # by ALS_GAIN
MILLISECONDS = {0b1100: 25, 0b1000: 50, 0b0000: 100, 0b0001: 200, 0b0010: 400, 0b0011: 800}
COUNTS_PER_LUX = 1 / 0.0672  # at gain 1 and 100 ms
WAKE_UP = 0.0025
ABOVE, BELOW = 0x4000, 0x8000
TOP = 0xFFFF
BRIGHTEST = 140_000.0
# What the chip shows of bright light, in lx, and what it is: y = ax⁴ + bx³ + cx² + dx
TRUE_OF_SHOWN = (6.0135e-13, -9.3924e-9, 8.1488e-5, 1.0023)


class VEML7700(I2CModel):
    """Measures continuously while it is not shut down; a flag stays until it is read."""

    addresses: ClassVar[tuple[int, ...]] = (0x10,)
    inputs: ClassVar[Mapping[str, Range]] = {"illuminance": Range(0, BRIGHTEST, 12.0)}
    dead: ClassVar[Mapping[str, float]] = {"illuminance": 0}
    quiet: ClassVar[Mapping[str, float]] = {"illuminance": 300.0}
    chip_id: ClassVar[int] = 0x81

    def power_on(self) -> None:
        """Be shut down."""
        self._registers = list(POWER_ON)
        self._registers[ID] |= self.chip_id
        self._pointer = 0
        self._ready_at = 0.0
        self._result: int | None = None

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a word if one follows."""
        self._finish()
        if data:
            self._pointer = data[0]
        if len(data) == 3 and self._pointer in WRITABLE:
            self._store(int.from_bytes(data[1:], "little"))

    def read(self, count: int) -> bytes:
        """Give the word at the pointer; reading the flags clears them."""
        self._finish()
        known = self._pointer < len(self._registers)
        word = self._registers[self._pointer] if known else 0
        if self._pointer == STATUS:
            self._registers[STATUS] = 0
        return word.to_bytes(2, "little")[:count].ljust(count, b"\xff")

    def _store(self, word: int) -> None:
        before, self._registers[self._pointer] = self._registers[self._pointer], word
        if self._pointer == CONF and before != word:
            self._result = None
            if not word & SHUT_DOWN:
                self._begin(WAKE_UP if before & SHUT_DOWN else 0)

    def _begin(self, delay: float = 0) -> None:
        seconds = self._milliseconds() / 1000 * self.slowness
        self._ready_at = self.clock.monotonic() + delay + seconds
        self._result = self._counts()

    def _finish(self) -> None:
        if self._result is None or self.clock.monotonic() < self._ready_at:
            return
        self._registers[ALS] = self._result
        self._registers[WHITE] = min(self._result * 3 // 2 + 7, TOP)
        if self._registers[CONF] & INTERRUPTS:
            self._registers[STATUS] |= ABOVE * (self._result > self._registers[HIGH])
            self._registers[STATUS] |= BELOW * (self._result < self._registers[LOW])
        self._begin()

    def _milliseconds(self) -> int:
        return MILLISECONDS.get(self._registers[CONF] >> 6 & 15, 100)

    def _counts(self) -> int:
        sensitivity = SENSITIVITIES[self._registers[CONF] >> 11 & 3] * self._milliseconds() / 100
        return min(round(shown(self.felt("illuminance")) * sensitivity * COUNTS_PER_LUX), TOP)


def shown(illuminance: float) -> float:
    """Return what a linear reading of the counts gives, by bisection."""
    low, high = 0.0, max(illuminance, 0.0)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if true(middle) < illuminance else (low, middle)
    return low


def true(linear: float) -> float:
    """Return the illuminance of a linear reading, as the application note's polynomial."""
    value = 0.0
    for factor in TRUE_OF_SHOWN:
        value = (value + factor) * linear
    return value
