"""Microchip MCP9808 as its datasheet describes it (DS25095A): it converts, unless it sleeps."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

CONFIGURATION, UPPER, LOWER, CRITICAL, AMBIENT = 0x01, 0x02, 0x03, 0x04, 0x05
MANUFACTURER, DEVICE, RESOLUTION = 0x06, 0x07, 0x08
SHUTDOWN = 0x0100
CONVERSIONS = (0.030, 0.065, 0.130, 0.250)  # by resolution (§5.2.4)


class MCP9808(I2CModel):
    """Shows its last result while the next one is under way."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x18, 0x20))
    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-40, 125, 0.0625)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0}
    chip_id: ClassVar[int] = 0x04

    def power_on(self) -> None:
        """Begin to convert; until the first result is ready it says 0 °C (table 5-1)."""
        self._registers = {CONFIGURATION: 0, UPPER: 0, LOWER: 0, CRITICAL: 0, RESOLUTION: 3}
        self._pointer = 0
        self._result = 0.0
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0] & 0x0F
        if len(data) == 2 and self._pointer == RESOLUTION:
            self._registers[RESOLUTION] = data[1] & 3
            self._begin()
        if len(data) == 3 and self._pointer in {CONFIGURATION, UPPER, LOWER, CRITICAL}:
            self._store(int.from_bytes(data[1:]))

    def read(self, count: int) -> bytes:
        """Give the register at the pointer."""
        self._finish()
        if self._pointer == RESOLUTION:
            return bytes([self._registers[RESOLUTION]])[:count].ljust(count, b"\xff")
        fixed = {MANUFACTURER: 0x0054, DEVICE: self.chip_id << 8, AMBIENT: self._ambient()}
        value = fixed.get(self._pointer, self._registers.get(self._pointer, 0))
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _store(self, value: int) -> None:
        woke = self._registers[CONFIGURATION] & SHUTDOWN and not value & SHUTDOWN
        self._registers[self._pointer] = value & (0x07FF if self._pointer == 1 else 0x1FFC)
        if self._pointer == CONFIGURATION and woke:
            self._begin()

    def _begin(self) -> None:
        seconds = CONVERSIONS[self._registers[RESOLUTION]] * self.slowness
        self._due = self.clock.monotonic() + seconds
        self._sampled = self.values["temperature"]

    def _finish(self) -> None:
        """Show what is ready; if it was not read for long, it has converted again since."""
        late = self.clock.monotonic() - self._due
        if self._registers[CONFIGURATION] & SHUTDOWN or late < 0:
            return
        again = late >= CONVERSIONS[self._registers[RESOLUTION]] * self.slowness
        self._result = self.values["temperature"] if again else self._sampled
        self._begin()

    def _ambient(self) -> int:
        """Return the result, cut to the resolution, below three flags of comparison (§5.1.3)."""
        cut = 3 - self._registers[RESOLUTION]
        code = min(max(round(self._result * 16), -4096), 4095) >> cut << cut
        limits = [_signed(self._registers[each]) for each in (CRITICAL, UPPER, LOWER)]
        flags = (code >= limits[0]) << 15 | (code > limits[1]) << 14 | (code < limits[2]) << 13
        return flags | code & 0x1FFF


def _signed(value: int) -> int:
    code = value & 0x1FFF
    return code - 0x2000 if code & 0x1000 else code
