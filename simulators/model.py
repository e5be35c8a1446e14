"""What every simulated chip is: bytes written, bytes read, power, and time that passes.

A model takes physical values in (`model.set("temperature", 21.5)`) and answers as the silicon
does: power-on values, conversion time, NACK while busy, checksums, saturation.
"""

from collections.abc import Mapping, MutableMapping
from typing import ClassVar, NamedTuple

from simulators.clock import SimulatedClock


class Nack(Exception):
    """The chip does not acknowledge."""


class Range(NamedTuple):
    """What a channel of the chip can take, and its smallest step, in the channel's unit."""

    low: float
    high: float
    step: float


class Model:
    """A device with physical inputs; subclasses name them, with range, step and a quiet value."""

    inputs: ClassVar[Mapping[str, Range]]
    quiet: ClassVar[Mapping[str, float]]

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.values: MutableMapping[str, float] = dict(self.quiet)

    def set(self, channel: str, value: float) -> None:
        """Expose the chip to a physical value, in the channel's unit."""
        if channel not in self.values:
            raise KeyError(f"{type(self).__name__} has no input {channel!r}")
        self.values[channel] = value

    def truth(self) -> dict[str, float]:
        """Return what is right to measure now: the inputs, and what follows from them."""
        return dict(self.values)


class Powered(Model):
    """A chip with a supply: it has power-on values, and takes its time."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.slowness = 1.0  # conversions take this many times the typical time (a fault)
        self.power_on()

    def power_on(self) -> None:
        """Fall back to power-on values: what a brown-out does."""
        raise NotImplementedError


class I2CModel(Powered):
    """A chip on an I2C bus: `power_on` state, `write` and `read` as transactions see them."""

    addresses: ClassVar[tuple[int, ...]]
    chip_id: ClassVar[int | None] = None  # what its identification register holds, if it has one
    exclusive: ClassVar[bool] = True  # one device of the configuration; an expander has several

    def write(self, data: bytes) -> None:
        """Take the bytes of one write message; raise `Nack` as the chip would."""
        raise NotImplementedError

    def read(self, count: int) -> bytes:
        """Give the bytes of one read message; raise `Nack` as the chip would."""
        raise NotImplementedError
