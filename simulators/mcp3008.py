"""Microchip MCP3008 as its datasheet describes it (DS21295D): a shift register behind an ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.spi import SPIModel

TOP = 1023
SUPPLY = 3.3
STEP = SUPPLY / 1024
DIFFERENTIAL = ((0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4), (6, 7), (7, 6))  # table 5-2


class MCP3008(SPIModel):
    """Waits for a start bit, samples one of eight inputs, and shifts the result out, twice."""

    modes: ClassVar[tuple[int, ...]] = (0, 3)
    # Where its code is neither that of a dead line nor that of too much
    inputs: ClassVar[Mapping[str, Range]] = {
        f"a{pin}": Range(STEP, SUPPLY - 2 * STEP, STEP) for pin in range(8)
    }
    quiet: ClassVar[Mapping[str, float]] = {f"a{pin}": 0.4 + 0.3 * pin for pin in range(8)}

    def __init__(self, clock: SimulatedClock, reference: float = SUPPLY) -> None:
        """Take the `reference`: volts at VREF."""
        self._reference = reference
        super().__init__(clock)

    def power_on(self) -> None:
        """Keep nothing: every transfer says all that there is to say."""

    def transfer(self, data: bytes) -> bytes:
        """Answer after start bit, SGL/DIFF, D2 to D0 and the clock that samples (figure 5-1)."""
        size = 8 * len(data)
        sent = f"{int.from_bytes(data):0{size}b}"
        start = sent.find("1")
        if start < 0 or start + 6 >= size:
            return bytes(len(data))  # nothing drives the line, which floats low
        code = f"{self._code(sent[start + 1] == '1', int(sent[start + 2 : start + 5], 2)):010b}"
        answer = "0" * (start + 6) + "0" + code + code[8::-1]
        return int(answer[:size].ljust(size, "0"), 2).to_bytes(len(data))

    def _code(self, single: bool, select: int) -> int:
        """Return what the ADC makes of an input, or of the difference of two, clipped."""
        volts = self._volts(select)
        if not single:
            plus, minus = DIFFERENTIAL[select]
            volts = self._volts(plus) - self._volts(minus)
        return min(max(round(volts / self._reference * 1024), 0), TOP)

    def _volts(self, pin: int) -> float:
        return self.values[f"a{pin}"]
