"""What the INA219 and its successors share as their datasheets describe them: one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel

CONFIGURATION, SHUNT, BUS, POWER, CURRENT, CALIBRATION = range(6)
MANUFACTURER, DIE = 0xFE, 0xFF
RESET = 0x8000


class PowerMonitor(I2CModel):
    """A load behind a shunt; power follows from its voltage and current."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    quiet: ClassVar[Mapping[str, float]] = {"voltage": 12.0, "current": 0.25}
    initial: ClassVar[int]  # the configuration at power-on
    writable: ClassVar[Mapping[int, int]]  # the bits that each other register keeps

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
        self._configure(self.initial)

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if two bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0]
        if len(data) != 3:
            return
        value = int.from_bytes(data[1:])
        if self._pointer == CONFIGURATION and value & RESET:
            self.power_on()
        elif self._pointer == CONFIGURATION:
            self._configure(value)
        elif self._pointer in self.writable:
            self._registers[self._pointer] = value & self.writable[self._pointer]

    def _configure(self, value: int) -> None:
        self._registers[CONFIGURATION] = self._kept(value)
        self._ready = False
        self._begin()

    def _begin(self) -> None:
        self._due = self.clock.monotonic() + self._seconds() * self.slowness
        self._converting = bool(self._registers[CONFIGURATION] & 3)
        self._sampled = self._codes()

    def _finish(self) -> None:
        """Show what is ready; a continuous mode begins again."""
        if not self._converting or self.clock.monotonic() < self._due:
            return
        self._show(self._sampled)
        self._calculate()
        self._ready, self._converting = True, False
        if self._registers[CONFIGURATION] & 4:
            self._begin()

    def _show(self, codes: tuple[int, ...]) -> None:
        """Put results into their registers."""
        self._registers[SHUNT], self._registers[BUS] = codes

    def _kept(self, value: int) -> int:
        """Return a configuration as the chip keeps it."""
        raise NotImplementedError

    def _seconds(self) -> float:
        """Return the time of a conversion as configured."""
        raise NotImplementedError

    def _codes(self) -> tuple[int, ...]:
        """Return the results for shunt and bus."""
        raise NotImplementedError

    def _calculate(self) -> None:
        """Compute the results that follow from those of shunt and bus."""
        raise NotImplementedError


class FlaggedMonitor(PowerMonitor):
    """One that has ids, and a flag that says when results are new."""

    chip_id: ClassVar[int]
    mask: ClassVar[int]  # the register of the flag
    ready: ClassVar[int]  # the flag

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the flag goes with the look at it."""
        self._finish()
        fixed = {MANUFACTURER: 0x5449, DIE: self.chip_id}
        value = fixed.get(self._pointer, self._registers.get(self._pointer, 0))
        if self._pointer == self.mask:
            value, self._ready = value & ~self.ready | self.ready * self._ready, False
        return value.to_bytes(2)[:count].ljust(count, b"\xff")


def signed(word: int) -> int:
    """Return the value of a two's complement."""
    return word - 0x10000 if word & 0x8000 else word
