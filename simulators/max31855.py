"""Maxim MAX31855 as its datasheet describes it (19-5793 rev 5): it converts, and is read."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.spi import SPIModel
from simulators.thermocouples import millivolts

CONVERSION = 0.1  # seconds, tCONV
POWER_UP = 0.2  # tCONV_PU
FAULT = 0x10000
# µV per °C: what the chip takes each type for (table 1, page 8)
SENSITIVITIES = {"K": 41.276, "J": 57.953, "N": 36.256, "T": 52.18, "E": 76.373}
SENSITIVITIES |= {"S": 9.587, "R": 10.506}


class MAX31855(SPIModel):
    """Converts continuously; gives the last result, hot end and cold junction in one word."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-200, 1372, 0.25),  # of type K
        "internal": Range(-40, 125, 0.0625),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 180.0, "internal": 24.0}

    def __init__(self, clock: SimulatedClock, thermocouple: str = "K") -> None:
        self._kind = thermocouple
        super().__init__(clock)

    def power_on(self) -> None:
        """Have no result until the first conversion has ended."""
        self.faults = 0  # SCV, SCG, OC: what is wrong with the thermocouple
        self._word = 0
        self._due = self.clock.monotonic() + POWER_UP * self.slowness

    def transfer(self, data: bytes) -> bytes:
        """Shift out the word; what comes after its 32 bits is zeros."""
        self._convert()
        return self._word.to_bytes(4)[: len(data)].ljust(len(data), b"\x00")

    def _convert(self) -> None:
        late = self.clock.monotonic() - self._due
        if late < 0:
            return
        self._due += late - late % CONVERSION + CONVERSION * self.slowness
        hot = _code(self._line() * 4, 14)
        cold = _code(self.values["internal"] * 16, 12)
        fault = FAULT | self.faults if self.faults else 0
        self._word = hot << 18 | cold << 4 | fault

    def _line(self) -> float:
        """Return °C of the hot end as if a thermocouple were a straight line."""
        internal = self.values["internal"]
        ends = (millivolts(self._kind, each) for each in (self.values["temperature"], internal))
        hot, cold = ends
        return (hot - cold) * 1000 / SENSITIVITIES[self._kind] + internal


def _code(steps: float, bits: int) -> int:
    """Return a number in two's complement, clipped at both ends."""
    end = 1 << bits - 1
    return min(max(round(steps), -end), end - 1) % (1 << bits)
