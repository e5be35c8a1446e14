"""NXP/TI PCF8574 port expander as its datasheet describes it (SCPS068J): a latch and eight pins."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Range

PINS = tuple(f"p{n}" for n in range(8))


class PCF8574(I2CModel):
    """Each input is a contact to ground, or to the supply; a pin latched low stays low."""

    addresses: ClassVar[tuple[int, ...]] = (*range(0x20, 0x28), *range(0x38, 0x40))
    exclusive: ClassVar[bool] = False
    inputs: ClassVar[Mapping[str, Range]] = dict.fromkeys(PINS, Range(0, 1, 1))
    quiet: ClassVar[Mapping[str, float]] = dict.fromkeys(PINS, 0.0)

    def __init__(self, clock: SimulatedClock, *, active_low: bool = True) -> None:
        self._active_low = active_low
        super().__init__(clock)

    def power_on(self) -> None:
        """Latch ones: all pins are inputs with a weak pull-up (§8.3)."""
        self.latch = 0xFF

    def write(self, data: bytes) -> None:
        """Latch the last byte."""
        if data:
            self.latch = data[-1]

    def read(self, count: int) -> bytes:
        """Return the pins as they are now."""
        levels = [self._level(bit, name) for bit, name in enumerate(PINS)]
        return bytes([sum(level << bit for bit, level in enumerate(levels))]) * count

    def _level(self, bit: int, name: str) -> bool:
        closed = self.values[name] >= 0.5
        pulled = bool(self.latch >> bit & 1)
        return pulled and (not closed if self._active_low else closed)


class PCF8574Output(PCF8574):
    """A chip with nothing but loads on its pins: they are as they are latched."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)

    def _level(self, bit: int, name: str) -> bool:  # noqa: ARG002
        return bool(self.latch >> bit & 1)
