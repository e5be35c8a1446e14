"""Texas Instruments TMP117 as its datasheet describes it (SNOSD82D): sixteen registers, one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

POWER_ON = {0x01: 0x0220, 0x02: 0x6000, 0x03: 0x8000}
TEMPERATURE, CONFIGURATION, OFFSET, DEVICE_ID = 0x00, 0x01, 0x07, 0x0F
WRITABLE = (0x01, 0x02, 0x03, 0x07)  # the EEPROM registers are locked
AVERAGES = (1, 8, 32, 64)
CYCLES = (0.0155, 0.125, 0.25, 0.5, 1.0, 4.0, 8.0, 16.0)  # table 7-7, without averaging
CONVERSION = 0.0155
READY = 0x2000
CONTINUOUS, SHUTDOWN, CONTINUOUS_TOO, ONE_SHOT = range(4)


class TMP117(I2CModel):
    """Converts every second from power-on on, or once on command."""

    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-55, 150, 1 / 128)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0}
    chip_id: ClassVar[int] = 0x0117

    def power_on(self) -> None:
        """Begin the first conversion; until it is over the register says -256 °C."""
        self._registers = {**dict.fromkeys(range(16), 0), **POWER_ON, TEMPERATURE: 0x8000}
        self._ready = False
        self._pointer = 0
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if two bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0] & 0x0F
        if len(data) == 3 and self._pointer in WRITABLE:
            self._store(int.from_bytes(data[1:]))

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the flag goes with the look at it or at the result."""
        self._finish()
        value = self._registers[self._pointer]
        if self._pointer == DEVICE_ID:
            value = self.chip_id
        if self._pointer == CONFIGURATION:
            value |= READY * self._ready
        if self._pointer in {TEMPERATURE, CONFIGURATION}:
            self._ready = False
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _store(self, value: int) -> None:
        if self._pointer != CONFIGURATION:
            self._registers[self._pointer] = value
        elif value & 0x0002:
            self.power_on()
        else:
            self._registers[CONFIGURATION] = value & 0x0FFC
            self._begin()

    def _mode(self) -> int:
        return self._registers[CONFIGURATION] >> 10 & 3

    def _begin(self) -> None:
        average = AVERAGES[self._registers[CONFIGURATION] >> 5 & 3]
        self._due = self.clock.monotonic() + CONVERSION * average * self.slowness
        self._sampled = self.values["temperature"]

    def _finish(self) -> None:
        """Show what is ready; a continuous mode has sampled again since."""
        now = self.clock.monotonic()
        if self._mode() == SHUTDOWN or now < self._due:
            return
        self._registers[TEMPERATURE] = self._code(self._sampled)
        if self._mode() != ONE_SHOT:
            self._go_on(now)
        self._ready = True
        if self._mode() == ONE_SHOT:
            self._registers[CONFIGURATION] = self._registers[CONFIGURATION] & ~0x0C00 | 0x0400

    def _go_on(self, now: float) -> None:
        """Begin the next cycle; if it was not read for long, there were others since."""
        average = AVERAGES[self._registers[CONFIGURATION] >> 5 & 3]
        cycle = CYCLES[self._registers[CONFIGURATION] >> 7 & 7]
        seconds = max(cycle, CONVERSION * average) * self.slowness
        if now - self._due >= seconds:
            self._registers[TEMPERATURE] = self._code(self.values["temperature"])
        self._due, self._sampled = now + seconds, self.values["temperature"]

    def _code(self, celsius: float) -> int:
        """Return a result, the offset added (§7.6.1.8)."""
        offset = int.from_bytes(self._registers[OFFSET].to_bytes(2), signed=True)
        return min(max(round(celsius * 128) + offset, -32768), 32767) & 0xFFFF
