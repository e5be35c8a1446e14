"""Texas Instruments ADS1115 as its datasheet describes it (SBAS444E): four registers, one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

CONVERSION, CONFIG, LO_THRESH, HI_THRESH = range(4)
POWER_ON = (0x0000, 0x8583, 0x8000, 0x7FFF)
IDLE = 0x8000  # OS
SINGLE_SHOT = 0x0100
PAIRS = ("a0 a1", "a0 a3", "a1 a3", "a2 a3", "a0", "a1", "a2", "a3")  # MUX, table 8-3
FULL_SCALES = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)  # PGA
RATES = (8, 16, 32, 64, 128, 250, 475, 860)  # DR
SUPPLY = 3.3


class ADS1115(I2CModel):
    """Converts between two pins, or one pin and ground; shows the last result meanwhile."""

    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    inputs: ClassVar[Mapping[str, Range]] = {
        pin: Range(0, SUPPLY, 4.096 / 32768) for pin in ("a0", "a1", "a2", "a3")
    }
    quiet: ClassVar[Mapping[str, float]] = {"a0": 1.2, "a1": 1.8, "a2": 0.6, "a3": 0.6}
    rates: ClassVar[tuple[int, ...]] = RATES
    bits: ClassVar[int] = 16

    def power_on(self) -> None:
        """Wait with power-on values."""
        self._registers = list(POWER_ON)
        self._pointer = CONVERSION
        self._result: int | None = None

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if two bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0] & 3
        if len(data) == 3 and self._pointer != CONVERSION:
            self._store(int.from_bytes(data[1:], "big"))

    def read(self, count: int) -> bytes:
        """Give the register at the pointer."""
        self._finish()
        value = self._registers[self._pointer]
        if self._pointer == CONFIG:
            value |= IDLE if self._result is None else 0
        return value.to_bytes(2, "big")[:count].ljust(count, b"\xff")

    def _store(self, value: int) -> None:
        if self._pointer != CONFIG:
            self._registers[self._pointer] = value
            return
        self._registers[CONFIG] = value & ~IDLE
        # "This bit […] has no effect when a conversion is ongoing" (table 8-3)
        if self._result is None and (value & IDLE or not value & SINGLE_SHOT):
            self._begin()

    def _begin(self) -> None:
        config = self._registers[CONFIG]
        seconds = self.slowness / self.rates[config >> 5 & 7]
        self._ready_at = self.clock.monotonic() + seconds
        self._result = self._code(PAIRS[config >> 12 & 7], FULL_SCALES[config >> 9 & 7])

    def _finish(self) -> None:
        """Show what is ready; without single-shot mode, begin again."""
        if self._result is None or self.clock.monotonic() < self._ready_at:
            return
        self._registers[CONVERSION], self._result = self._result, None
        if not self._registers[CONFIG] & SINGLE_SHOT:
            self._begin()

    def _code(self, pins: str, full_scale: float) -> int:
        """Return what the ADC makes of the voltage between two pins, clipped at both ends."""
        positive, _, negative = pins.partition(" ")
        volts = self.values[positive] - (self.values[negative] if negative else 0)
        full = 1 << self.bits - 1
        code = min(max(round(volts / full_scale * full), -full), full - 1)
        return code << 16 - self.bits & 0xFFFF
