"""ROHM BH1750FVI as its datasheet describes it (rev D): one opcode per transaction, one result."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from simulators.model import I2CModel, Nack, Range

POWER_DOWN, POWER_ON, RESET = 0x00, 0x01, 0x07
CONTINUOUSLY = 0x10
DEFAULT_TIME = 69  # MTreg
TOP = 0xFFFF


class Resolution(NamedTuple):
    """What one of the three modes makes of light, and how long it takes (page 2)."""

    counts: float  # per lx
    step: float  # counts
    seconds: float  # typical


RESOLUTIONS = {
    0: Resolution(counts=1.2, step=1, seconds=0.120),
    1: Resolution(counts=2.4, step=1, seconds=0.120),
    3: Resolution(counts=1.2, step=4 * 1.2, seconds=0.016),
}
MODES = {kind | low: RESOLUTIONS[low] for kind in (0x10, 0x20) for low in RESOLUTIONS}


class BH1750(I2CModel):
    """Shows its last result until the next one is ready, and zero after power-on."""

    addresses: ClassVar[tuple[int, ...]] = (0x23, 0x5C)
    inputs: ClassVar[Mapping[str, Range]] = {"illuminance": Range(0, (TOP - 1) / 1.2, 1 / 1.2)}
    dead: ClassVar[Mapping[str, float]] = {"illuminance": 0}
    quiet: ClassVar[Mapping[str, float]] = {"illuminance": 300.0}

    def power_on(self) -> None:
        """Power down, with an empty data register."""
        self._powered = False
        self._mode: int | None = None
        self._time = DEFAULT_TIME
        self._data = 0

    def write(self, data: bytes) -> None:
        """Take one opcode; a second one needs a stop condition before it (page 7)."""
        self._finish()
        if len(data) > 1:
            raise Nack
        for opcode in data:
            self._execute(opcode)

    def read(self, count: int) -> bytes:
        """Give the data register, also during a measurement."""
        self._finish()
        return self._data.to_bytes(2, "big")[:count].ljust(count, b"\xff")

    def _execute(self, opcode: int) -> None:
        if opcode in MODES:
            self._begin(opcode)
        elif opcode in {POWER_DOWN, POWER_ON}:
            self._mode, self._powered = None, opcode == POWER_ON
        elif opcode == RESET and self._powered:
            self._data = 0
        elif opcode >> 3 == 0b01000:
            self._time = self._time & 0x1F | (opcode & 7) << 5
        elif opcode >> 5 == 0b011:
            self._time = self._time & 0xE0 | opcode & 0x1F

    def _begin(self, mode: int) -> None:
        self._mode, self._powered = mode, True
        self._result = self._count(MODES[mode])
        seconds = MODES[mode].seconds * self._time / DEFAULT_TIME * self.slowness
        self._ready_at = self.clock.monotonic() + seconds

    def _finish(self) -> None:
        """Show what is ready; one-time modes power down then, the others begin again."""
        if self._mode is None or self.clock.monotonic() < self._ready_at:
            return
        self._data = self._result
        if self._mode & CONTINUOUSLY:
            self._begin(self._mode)
        else:
            self._mode, self._powered = None, False

    def _count(self, resolution: Resolution) -> int:
        sensitivity = resolution.counts * self._time / DEFAULT_TIME
        steps = round(self.felt("illuminance") * sensitivity / resolution.step)
        return min(round(steps * resolution.step), TOP)
