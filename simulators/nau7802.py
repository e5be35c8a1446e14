"""Nuvoton NAU7802 as its datasheet (rev 1.7) describes it: an amplifier, a converter, a filter.

Its input is what it counts at a gain of 128, without its own offset. The second input is not here.
"""

from collections import deque
from collections.abc import Collection, Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

POWER, CONTROL_1, CONTROL_2, OFFSET, GAIN, RESULT, REVISION = 0, 1, 2, 0x03, 0x06, 0x12, 0x1F
RR, PUD, PUA, PUR, CS, CR = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
CALS, CAL_ERR = 0x04, 0x08
READ_ONLY = {*range(RESULT, RESULT + 3), REVISION}
RATES = (10, 20, 40, 80, 320, 320, 320, 320)
CALIBRATION = 0.25  # s
FULL = 1 << 23
ORDER = 4  # results that the filter averages


class NAU7802(PointedRegisters):
    """Converts again and again once it is powered and started."""

    addresses: ClassVar[tuple[int, ...]] = (0x2A,)
    inputs: ClassVar[Mapping[str, Range]] = {"raw": Range(1 - FULL, FULL - 2, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"raw": 120_000}
    chip_id: ClassVar[int] = 0x0F
    offset: int = 1234  # counts, of its amplifier

    def vary(self) -> None:
        """Take another amplifier's offset."""
        self.offset = -777
        self.power_on()

    def power_on(self) -> None:
        """Stand by, without calibration."""
        self._registers = bytearray(32)
        self._registers[GAIN + 1] = self._registers[0x0E] = 0x80
        self._registers[REVISION] = self.chip_id & 0xFF
        self._pointer = 0
        self._due: float | None = None
        self._calibrated: float | None = None
        self._seen: deque[float] = deque([0.0] * ORDER, maxlen=ORDER)

    def _given(self, places: Collection[int]) -> None:
        """Clear the flag of a result that was read."""
        if RESULT + 2 in places:
            self._registers[POWER] &= ~CR

    def _store(self, register: int, value: int) -> None:
        if register == POWER:
            self._power(value)
        elif register == CONTROL_2:
            self._registers[CONTROL_2] = value & ~CAL_ERR
            if value & CALS:
                self._calibrated = self.clock.monotonic() + CALIBRATION * self.slowness
        elif register not in READ_ONLY:
            self._registers[register] = value

    def _power(self, value: int) -> None:
        if value & RR:
            seen = self._seen
            self.power_on()
            self._seen = seen
        before, held = self._registers[POWER], value & ~(PUR | CR)
        self._registers[POWER] = held | (PUR if value & PUD else 0) | before & CR
        runs = held & (PUD | PUA | CS) == PUD | PUA | CS
        if not runs:
            self._due = None
        elif self._due is None:
            self._begin()

    def _begin(self) -> None:
        rate = RATES[self._registers[CONTROL_2] >> 4 & 7]
        self._due = self.clock.monotonic() + self.slowness / rate

    def _pass_time(self) -> None:
        now = self.clock.monotonic()
        if self._calibrated is not None and now >= self._calibrated:
            self._calibrated = None
            self._registers[CONTROL_2] &= ~CALS
            if self._registers[CONTROL_2] & 3 == 0:
                self._put(OFFSET, self.offset)
        while self._due is not None and now >= self._due:
            self._seen.append(self.values["raw"])
            self._put(RESULT, self._code())
            self._registers[POWER] |= CR
            self._due += self.slowness / RATES[self._registers[CONTROL_2] >> 4 & 7]

    def _put(self, register: int, code: int) -> None:
        self._registers[register : register + 3] = (code & 0xFFFFFF).to_bytes(3)

    def _code(self) -> int:
        """Return the filter's mean, amplified, without the calibrated offset, and clipped."""
        held = self._registers
        calibrated = int.from_bytes(held[OFFSET : OFFSET + 3])
        calibrated -= (calibrated & FULL) << 1
        factor = int.from_bytes(held[GAIN : GAIN + 4]) / FULL
        amplified = sum(self._seen) / ORDER * 2.0 ** ((held[CONTROL_1] & 7) - 7)
        code = round((amplified + self.offset - calibrated) * factor)
        return min(max(code, -FULL), FULL - 1)
