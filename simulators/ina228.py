"""Texas Instruments INA228 as its datasheet describes it (SLYS021A): registers of 16 or 24 bits."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Range

CONFIGURATION, ADC, SHUNT, BUS, TEMPERATURE, ALERTS = 0x00, 0x01, 0x04, 0x05, 0x06, 0x0B
RESET, FINE = 0x8000, 0x0010
KEPT = {CONFIGURATION: 0x3FF0, ADC: 0xFFFF, 0x02: 0x7FFF, 0x03: 0x3FFF, ALERTS: 0xF000}
POWER_ON = {ADC: 0xFB68, 0x02: 0x1000, ALERTS: 0x0001}
TIMES = (50e-6, 84e-6, 150e-6, 280e-6, 540e-6, 1052e-6, 2074e-6, 4120e-6)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
READY = 0x0002
FIXED = {0x3E: 0x5449}
WIDE = {SHUNT, BUS}


class INA228(I2CModel):
    """A load behind a shunt, and its own temperature; power follows from voltage and current."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 85, 195.3125e-6),
        "current": Range(-10.9, 10.9, 312.5e-9 / 0.015),
        "temperature": Range(-40, 125, 7.8125e-3),
    }
    quiet: ClassVar[Mapping[str, float]] = {"voltage": 48.0, "current": 0.5, "temperature": 30.0}
    chip_id: ClassVar[int] = 0x2281

    def __init__(self, clock: SimulatedClock, *, shunt: float = 0.015) -> None:
        self._shunt = shunt
        super().__init__(clock)

    def truth(self) -> dict[str, float]:
        """Return what it measures, and the power that follows."""
        return {**self.values, "power": self.values["voltage"] * self.values["current"]}

    def power_on(self) -> None:
        """Convert continuously; the results are 0 until then."""
        self._registers = dict.fromkeys(range(0x12), 0) | POWER_ON
        self._pointer = 0
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if two bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0]
        if len(data) != 3 or self._pointer not in KEPT:
            return
        value = int.from_bytes(data[1:])
        if self._pointer == CONFIGURATION and value & RESET:
            self.power_on()
            return
        kept, held = KEPT[self._pointer], self._registers[self._pointer]
        self._registers[self._pointer] = value & kept | held & ~kept
        if self._pointer == ADC:
            self._registers[ALERTS] &= ~READY
            self._begin()

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the flag goes with the look at it."""
        self._finish()
        fixed = FIXED | {0x3F: self.chip_id}
        value = fixed.get(self._pointer, self._registers.get(self._pointer, 0))
        if self._pointer == ALERTS:
            self._registers[ALERTS] &= ~READY
        size = 3 if self._pointer in WIDE else 2
        return value.to_bytes(size)[:count].ljust(count, b"\xff")

    def _wanted(self) -> list[int]:
        """Return the quantities that are on: bus, shunt and temperature, by the bits of MODE."""
        return [n for n in range(3) if self._registers[ADC] >> 12 + n & 1]

    def _seconds(self) -> float:
        held, wanted = self._registers[ADC], self._wanted()
        each = (TIMES[held >> place & 7] for n, place in enumerate((9, 6, 3)) if n in wanted)
        return sum(each) * AVERAGES[held & 7]

    def _begin(self) -> None:
        due = self.clock.monotonic() + self._seconds() * self.slowness
        self._due = due if self._wanted() else None
        self._sampled = self._codes()

    def _finish(self) -> None:
        """Show what is ready; a continuous mode begins again."""
        if self._due is None or self.clock.monotonic() < self._due:
            return
        places = (BUS, SHUNT, TEMPERATURE)
        self._registers.update({places[n]: self._sampled[n] for n in self._wanted()})
        self._registers[ALERTS] |= READY
        self._due = None
        if self._registers[ADC] & 0x8000:
            self._begin()

    def _codes(self) -> tuple[int, int, int]:
        step = 78.125e-9 if self._registers[CONFIGURATION] & FINE else 312.5e-9
        shunt = round(self.values["current"] * self._shunt / step)
        bus = round(self.values["voltage"] / 195.3125e-6)
        die = round(self.values["temperature"] / 7.8125e-3)
        return (
            min(max(bus, 0), 0x7FFFF) << 4,
            (min(max(shunt, -0x80000), 0x7FFFF) & 0xFFFFF) << 4,
            min(max(die, -0x8000), 0x7FFF) & 0xFFFF,
        )
