"""The base of every simulated chip: bytes written, bytes read, power and time.

A model takes physical values (`model.set("temperature", 21.5)`) and answers as the real chip
does: power-on values, conversion time, NACK while busy, checksums, saturation.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from simulators.clock import SimulatedClock


class Nack(Exception):
    """The chip does not acknowledge."""


class Range(NamedTuple):
    """The lowest and highest value of an input, and its smallest step, in the channel's unit."""

    low: float
    high: float
    step: float


class Model:
    """A device with physical inputs; subclasses list them with a range and a quiet value."""

    inputs: ClassVar[Mapping[str, Range]]
    quiet: ClassVar[Mapping[str, float]]
    dead: ClassVar[Mapping[str, float]] = {}  # what it feels once its element is worn out

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.worn = False
        self.values: MutableMapping[str, float] = dict(self.quiet)

    @classmethod
    def configured(cls, options: Mapping[str, Any]) -> "type[Model]":  # noqa: ARG003 - most ignore them
        """Return the model of a device with these options, which may declare its inputs."""
        return cls

    def set(self, channel: str, value: float) -> None:
        """Expose the chip to a physical value, in the channel's unit."""
        if channel not in self.values:
            raise KeyError(f"{type(self).__name__} has no input {channel!r}")
        self.values[channel] = value

    def wear_out(self) -> None:
        """Let its emitter or its element die, if it has one whose death shows by no flag."""
        self.worn = True

    def felt(self, channel: str) -> float:
        """Return what reaches the converter: the truth, unless the element is worn out."""
        found = self.dead.get(channel) if self.worn else None
        return self.values[channel] if found is None else found

    def truth(self) -> dict[str, float]:
        """Return the correct values of this moment: the inputs and what follows from them."""
        return dict(self.values)


@runtime_checkable
class Pressed(Protocol):
    """A model whose values depend on the pressure of its place, in hPa."""

    pressure: float


class Powered(Model):
    """A chip with a supply: it has power-on values, and its conversions take time."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.slowness = 1.0  # conversions take this many times the typical time (a fault)
        self.power_on()

    def power_on(self) -> None:
        """Return to the power-on values, as after a brown-out."""
        raise NotImplementedError


class I2CModel(Powered):
    """A chip on an I2C bus; `write` and `read` are the messages of a transaction."""

    addresses: ClassVar[tuple[int, ...]]
    chip_id: ClassVar[int | None] = None  # what its identification register holds, if it has one
    exclusive: ClassVar[bool] = True  # one device of the configuration; an expander has several
    # Commands of others that change what it says; in a tuple, those that do it together
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = ()
    address: int  # where it is attached; checksums of the SMBus have it

    def vary(self) -> None:
        """Take the factory's constants of another chip of the kind, if it has any."""

    def write(self, data: bytes) -> None:
        """Take the bytes of one write message; raise `Nack` as the chip would."""
        raise NotImplementedError

    def read(self, count: int) -> bytes:
        """Return the bytes of one read message; raise `Nack` as the chip would."""
        raise NotImplementedError
