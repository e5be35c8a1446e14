"""Maxim MAX44009 as its datasheet describes it (19-5719): eight registers, a result of 12 bits."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

CONFIGURATION, HIGH, LOW = 2, 3, 4
POWER_ON = bytes([0, 0, 0x03, 0, 0, 0xFF, 0x00, 0xFF])
KEPT = {1: 0x01, CONFIGURATION: 0xCF, 5: 0xFF, 6: 0xFF, 7: 0xFF}
CONTINUOUS, MANUAL = 0x80, 0x40
LUX = 0.045


class MAX44009(I2CModel):
    """Measures by itself: every 800 ms, or on and on; it finds its range itself."""

    addresses: ClassVar[tuple[int, ...]] = (0x4A, 0x4B)
    inputs: ClassVar[Mapping[str, Range]] = {"illuminance": Range(0, 188_006.4, 737.28)}
    quiet: ClassVar[Mapping[str, float]] = {"illuminance": 10_000.0}

    def power_on(self) -> None:
        """Measure every 800 ms; the first result is dark."""
        self._registers = bytearray(POWER_ON)
        self._pointer = 0
        self._begin()

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if a byte follows."""
        self._finish()
        if data:
            self._pointer = data[0]
        if len(data) == 2 and self._pointer in KEPT:
            kept = data[1] & KEPT[self._pointer]
            if self._pointer == CONFIGURATION:
                kept = kept if kept & MANUAL else kept & 0xC0 | 0x03  # the chip chooses the rest
            self._registers[self._pointer] = kept
            if self._pointer == CONFIGURATION:
                self._begin()

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on; there are none behind the last."""
        self._finish()
        return bytes(self._registers[self._pointer : self._pointer + count]).ljust(count, b"\xff")

    def _period(self) -> float:
        running = self._registers[CONFIGURATION] & CONTINUOUS
        return (0.1 if running else 0.8) * self.slowness

    def _begin(self) -> None:
        self._due = self.clock.monotonic() + self._period()
        self._sampled = self.values["illuminance"]

    def _finish(self) -> None:
        """Show what is ready; what was not read for long has been measured again since."""
        late = self.clock.monotonic() - self._due
        if late < 0:
            return
        again = late >= self._period()
        self._registers[HIGH : LOW + 1] = coded(
            self.values["illuminance"] if again else self._sampled
        )
        self._begin()


def coded(lux: float) -> bytes:
    """Return the bytes of a result: an exponent and a mantissa of 8 bits; 15 is too bright."""
    counts = max(lux, 0) / LUX
    exponent = next((n for n in range(15) if round(counts / 2**n) <= 255), 15)
    mantissa = min(round(counts / 2**exponent), 255)
    return bytes([exponent << 4 | mantissa >> 4, mantissa & 0x0F])
