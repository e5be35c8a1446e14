"""NXP LM75B as its datasheet describes it (rev 6.1): it converts every 100 ms, unless it sleeps."""

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

    def power_on(self) -> None:
        """Begin to convert; until the first result is there the register says 0 °C."""
        self._configuration = 0
        self._limits = {HYSTERESIS: 0x4B00, OVERTEMPERATURE: 0x5000}
        self._pointer = TEMPERATURE
        self._code = 0
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register where bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0] & 3
        if len(data) == 2 and self._pointer == CONFIGURATION:
            woke = self._configuration & SHUTDOWN and not data[1] & SHUTDOWN
            self._configuration = data[1] & 0x1F
            if woke:
                self._begin()
        if len(data) == 3 and self._pointer in self._limits:
            self._limits[self._pointer] = int.from_bytes(data[1:]) & 0xFF80

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the short one repeats itself."""
        self._finish()
        if self._pointer == CONFIGURATION:
            return bytes([self._configuration]) * count
        value = self._limits.get(self._pointer, self._code << 5 & 0xFFFF)
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _begin(self) -> None:
        self._due = self.clock.monotonic() + CONVERSION * self.slowness
        self._sampled = self.values["temperature"]

    def _finish(self) -> None:
        """Show what is ready; where nobody looked for long, it has converted again since."""
        late = self.clock.monotonic() - self._due
        if self._configuration & SHUTDOWN or late < 0:
            return
        again = late >= CONVERSION * self.slowness
        celsius = self.values["temperature"] if again else self._sampled
        self._code = min(max(round(celsius * 8), -1024), 1023)
        self._begin()
