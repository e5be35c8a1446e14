"""Texas Instruments INA226 as its datasheet describes it (SBOS547A): ten registers, one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Range

CONFIGURATION, SHUNT, BUS, POWER, CURRENT, CALIBRATION, MASK = range(7)
MANUFACTURER, DIE = 0xFE, 0xFF
POWER_ON = 0x4127
TIMES = (140e-6, 204e-6, 332e-6, 588e-6, 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
READY = 0x0008


class INA226(I2CModel):
    """A load behind a shunt; power follows from its voltage and current."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 36, 1.25e-3),
        "current": Range(-0.8, 0.8, 25e-6),
    }
    quiet: ClassVar[Mapping[str, float]] = {"voltage": 12.0, "current": 0.25}
    chip_id: ClassVar[int] = 0x2260

    def __init__(self, clock: SimulatedClock, *, shunt: float = 0.1) -> None:
        self._shunt = shunt
        super().__init__(clock)

    def truth(self) -> dict[str, float]:
        """Return voltage, current, and the power that follows."""
        return {**self.values, "power": self.values["voltage"] * self.values["current"]}

    def power_on(self) -> None:
        """Convert continuously; the results are 0 until then."""
        self._registers = dict.fromkeys(range(8), 0)
        self._pointer = 0
        self._ready = False
        self._configure(POWER_ON)

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register where two bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0]
        if len(data) != 3:
            return
        value = int.from_bytes(data[1:])
        if self._pointer == CONFIGURATION and value & 0x8000:
            self.power_on()
        elif self._pointer == CONFIGURATION:
            self._configure(value)
        elif self._pointer in {CALIBRATION, MASK, 7}:
            self._registers[self._pointer] = value

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the flag goes with the look at it."""
        self._finish()
        fixed = {MANUFACTURER: 0x5449, DIE: self.chip_id}
        value = fixed.get(self._pointer, self._registers.get(self._pointer, 0))
        if self._pointer == MASK:
            value, self._ready = value & ~READY | READY * self._ready, False
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _configure(self, value: int) -> None:
        self._registers[CONFIGURATION] = value & 0x0FFF | 0x4000
        self._ready = False
        self._begin()

    def _begin(self) -> None:
        held = self._registers[CONFIGURATION]
        each = (TIMES[held >> 6 & 7] if held & 2 else 0) + (TIMES[held >> 3 & 7] if held & 1 else 0)
        self._due = self.clock.monotonic() + each * AVERAGES[held >> 9 & 7] * self.slowness
        self._converting = bool(held & 3)
        self._sampled = self._codes()

    def _finish(self) -> None:
        """Show what is ready; a continuous mode begins again."""
        if not self._converting or self.clock.monotonic() < self._due:
            return
        held = self._registers[CONFIGURATION]
        self._registers[SHUNT], self._registers[BUS] = self._sampled
        self._registers[CURRENT] = self._current()
        self._ready, self._converting = True, False
        if held & 4:
            self._begin()

    def _current(self) -> int:
        """Return the chip's own current (§7.5, equation 3)."""
        shunt = self._registers[SHUNT]
        signed = shunt - 0x10000 if shunt & 0x8000 else shunt
        return signed * self._registers[CALIBRATION] // 2048 & 0xFFFF

    def _codes(self) -> tuple[int, int]:
        shunt = round(self.values["current"] * self._shunt / 2.5e-6)
        bus = round(self.values["voltage"] / 1.25e-3)
        return min(max(shunt, -32768), 32767) & 0xFFFF, min(max(bus, 0), 32767)
