"""Texas Instruments TMP102 as its datasheet describes it (SBOS397H): four registers, one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

TEMPERATURE, CONFIGURATION, LOW, HIGH = range(4)
POWER_ON = (0x0000, 0x6080, 0x4B00, 0x5000)
ONE_SHOT, FIXED, SHUTDOWN, ALERT, EXTENDED = 0x8000, 0x6000, 0x0100, 0x0020, 0x0010
CONVERSION = 0.026
CYCLES = (4.0, 1.0, 0.25, 0.125)  # by the bits CR1 and CR0


class TMP102(I2CModel):
    """Converts four times a second from power-on on; asleep, once on command."""

    addresses: ClassVar[tuple[int, ...]] = (0x48, 0x49, 0x4A, 0x4B)
    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-40, 125, 0.0625)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0}

    def power_on(self) -> None:
        """Begin the first conversion; until it is over the register says 0 °C (§7.3.1)."""
        self._registers = list(POWER_ON)
        self._pointer = TEMPERATURE
        self._converting = False
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if bytes follow: one is its upper half."""
        self._finish()
        if data:
            self._pointer = data[0] & 3
        if len(data) > 1 and self._pointer != TEMPERATURE:
            low = data[2] if len(data) > 2 else self._registers[self._pointer] & 0xFF
            self._store(data[1] << 8 | low)

    def read(self, count: int) -> bytes:
        """Give the register at the pointer."""
        self._finish()
        value = self._registers[self._pointer]
        if self._pointer == CONFIGURATION:
            value |= self._state()
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _state(self) -> int:
        """Return what the configuration says of the moment: nothing is converted; too cold."""
        asleep = self._registers[CONFIGURATION] & SHUTDOWN
        idle = ONE_SHOT if asleep and not self._converting else 0
        cold = _signed(self._registers[TEMPERATURE]) < _signed(self._registers[HIGH])
        return idle | (ALERT if cold else 0)

    def _store(self, value: int) -> None:
        if self._pointer != CONFIGURATION:
            self._registers[self._pointer] = value & 0xFFF0
            return
        if value & SHUTDOWN and self.clock.monotonic() < self._due - CONVERSION * self.slowness:
            self._converting = False  # it was between two conversions
        woke = self._registers[CONFIGURATION] & SHUTDOWN and not value & SHUTDOWN
        self._registers[CONFIGURATION] = value & 0x1FD0 | FIXED
        if woke or (value & ONE_SHOT and value & SHUTDOWN and not self._converting):
            self._begin()

    def _begin(self) -> None:
        self._converting = True
        self._due = self.clock.monotonic() + CONVERSION * self.slowness
        self._sampled = self.values["temperature"]

    def _finish(self) -> None:
        """Show what is ready; awake, continue with the next cycle."""
        now = self.clock.monotonic()
        if not self._converting or now < self._due:
            return
        seconds = CYCLES[self._registers[CONFIGURATION] >> 6 & 3] * self.slowness
        awake = not self._registers[CONFIGURATION] & SHUTDOWN
        again = awake and now - self._due >= seconds  # it was not read for long
        self._registers[TEMPERATURE] = self._code(again=again)
        self._converting = awake
        self._due, self._sampled = now + seconds, self.values["temperature"]

    def _code(self, *, again: bool) -> int:
        celsius = self.values["temperature"] if again else self._sampled
        if self._registers[CONFIGURATION] & EXTENDED:
            return (min(max(round(celsius * 16), -4096), 4095) << 3 | 1) & 0xFFFF
        return min(max(round(celsius * 16), -2048), 2047) << 4 & 0xFFFF


def _signed(value: int) -> int:
    return value - 0x10000 if value & 0x8000 else value
