"""Maxim MAX6675 as its datasheet describes it (19-2235 rev 2): it converts while it is not read."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.spi import SPIModel
from simulators.thermocouples import millivolts

CONVERSION = 0.17  # seconds; 0.22 at most
SENSITIVITY = 0.041  # mV per °C, whatever the temperature
OPEN = 0x0004
MOST = 0xFFF


class MAX6675(SPIModel):
    """A read breaks a conversion off, gives the last result, and begins the next."""

    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(2, 1017, 0.27)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 180.0}

    def __init__(self, clock: SimulatedClock) -> None:
        self.internal = 25.0  # °C of the chip itself
        super().__init__(clock)

    def power_on(self) -> None:
        """Have no result until the first conversion has ended."""
        self.open = False
        self._word = 0
        self._begin()

    def _begin(self) -> None:
        self._due = self.clock.monotonic() + CONVERSION * self.slowness

    def transfer(self, data: bytes) -> bytes:
        """Shift out the word; what comes after its 16 bits is zeros."""
        if self.clock.monotonic() >= self._due:
            self._word = OPEN if self.open else self._code() << 3
        self._begin()
        return self._word.to_bytes(2)[: len(data)].ljust(len(data), b"\x00")

    def _code(self) -> int:
        hot, own = (millivolts("K", each) for each in (self.values["temperature"], self.internal))
        line = (hot - own) / SENSITIVITY + self.internal
        return min(max(round(line * 4), 0), MOST)
