"""What may stand between a bus and a chip: a wire that inverts a bit, a second chip."""

import operator
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from simulators.model import I2CModel, Nack

T = TypeVar("T")
NEVER = 1 << 30


class RecordedWire(I2CModel):
    """A chip at the end of a wire that inverts one bit, counted from the last `arm`."""

    inputs = {}  # noqa: RUF012 - they are the chip's
    quiet = {}  # noqa: RUF012

    def __init__(self, chip: I2CModel) -> None:
        self.chip = chip
        super().__init__(chip.clock)
        self.arm(NEVER)

    def power_on(self) -> None:
        """Let the chip start."""
        self.chip.power_on()

    def arm(self, bit: int) -> None:
        """Invert this bit of those that come from now on."""
        self._bit = bit
        self.carried = 0

    def write(self, data: bytes) -> None:
        """Carry what is written."""
        self.chip.write(self._carry(data))

    def read(self, count: int) -> bytes:
        """Carry what is read."""
        return self._carry(self.chip.read(count))

    def _carry(self, data: bytes) -> bytes:
        size = 8 * len(data)
        place = self.carried + size - 1 - self._bit
        self.carried += size
        if not 0 <= place < size:
            return data
        return (int.from_bytes(data) ^ 1 << place).to_bytes(len(data))


class Twins(I2CModel):
    """Two chips at one address: both hear what is written, and the wire is low if either pulls."""

    inputs = {}  # noqa: RUF012 - they are the chips'
    quiet = {}  # noqa: RUF012

    def __init__(self, one: I2CModel, other: I2CModel) -> None:
        self.chips = (one, other)
        super().__init__(one.clock)

    def power_on(self) -> None:
        """Let both start."""
        for chip in self.chips:
            chip.power_on()

    def write(self, data: bytes) -> None:
        """Take it if either acknowledges."""
        self._answers(lambda chip: chip.write(data))

    def read(self, count: int) -> bytes:
        """Give what both say, bit by bit."""
        frames = self._answers(lambda chip: chip.read(count))
        return bytes(map(operator.and_, frames[0], frames[-1]))

    def _answers(self, ask: Callable[[I2CModel], T]) -> list[T]:
        found: list[T] = []
        for chip in self.chips:
            with suppress(Nack):
                found.append(ask(chip))
        if not found:
            raise Nack
        return found
