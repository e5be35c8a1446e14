"""NXP LM75B as its datasheet describes it (rev 6.1): it converts every 100 ms, unless it sleeps.

TI's TMP75 and TMP105 differ in what they keep, and begin with 9 bits (SBOS288L tables 5 to 9).
"""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

TEMPERATURE, CONFIGURATION, HYSTERESIS, OVERTEMPERATURE = range(4)
SHUTDOWN = 0x01
CONVERSION = 0.1


class LM75(I2CModel):
    """Shows its last result while the next one is under way."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x48, 0x50))
    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-55, 125, 0.125)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0}
    kept: ClassVar[int] = 0x1F  # of the configuration
    limit: ClassVar[int] = 0xFF80

    def power_on(self) -> None:
        """Begin to convert; until the first result is ready the register says 0 °C."""
        self._configuration = 0
        self._limits = {HYSTERESIS: 0x4B00, OVERTEMPERATURE: 0x5000}
        self._pointer = TEMPERATURE
        self._code = 0
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0] & 3
        if len(data) == 2 and self._pointer == CONFIGURATION:
            woke = self._configuration & SHUTDOWN and not data[1] & SHUTDOWN
            self._configuration = data[1] & self.kept
            if woke:
                self._begin()
        if len(data) == 3 and self._pointer in self._limits:
            self._limits[self._pointer] = int.from_bytes(data[1:]) & self.limit

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the short one repeats itself."""
        self._finish()
        if self._pointer == CONFIGURATION:
            return bytes([self._configuration]) * count
        value = self._limits.get(self._pointer, self._result())
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _result(self) -> int:
        return self._code << 5 & 0xFFFF

    def _begin(self) -> None:
        self._due = self.clock.monotonic() + CONVERSION * self.slowness
        self._sampled = self.values["temperature"]

    def _finish(self) -> None:
        """Show what is ready; if it was not read for long, it has converted again since."""
        late = self.clock.monotonic() - self._due
        if self._configuration & SHUTDOWN or late < 0:
            return
        again = late >= CONVERSION * self.slowness
        celsius = self.values["temperature"] if again else self._sampled
        self._code = min(max(round(celsius * 8), -1024), 1023)
        self._begin()


class TMP75(LM75):
    """Keeps 12 bits of a limit, and gives 9 to 12 of a result, as its configuration says.

    It converts in steps of 0.0625 °C; here in LM75B's, which both can say.
    """

    kept: ClassVar[int] = 0x7F
    limit: ClassVar[int] = 0xFFF0

    def _result(self) -> int:
        missing = 3 - (self._configuration >> 5 & 3)
        return super()._result() >> 4 + missing << 4 + missing
