"""What every driver is: channels, `setup` and `measure` as generators that yield waits.

A driver never sleeps: `yield seconds` hands the bus to the other devices meanwhile.
"""

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from drivers.base.channel import Channel
from drivers.base.errors import OutOfRange

T = TypeVar("T")
Steps: TypeAlias = Generator[float, None, T]
BusKind = Literal["i2c", "spi", "serial", "w1", "gpio", "linux"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which chip answered; `certain` only where an identification register says so."""

    chip: str
    certain: bool


class Driver(Protocol):
    """A sensor: one chip or pin.

    `channels` of the class are all that the chip can have; those of an instance, what it measures.
    """

    bus: ClassVar[BusKind]
    channels: tuple[Channel, ...]

    def setup(self) -> Steps[None]:
        """Bring the chip from any state into the configured one; idempotent."""
        ...

    def measure(self) -> Steps[dict[str, float]]:
        """Measure all channels at one moment; raise a `DriverError` rather than guess."""
        ...


@runtime_checkable
class Identifiable(Protocol):
    """A chip on a shared bus that can be looked for without side effects."""

    addresses: ClassVar[tuple[int, ...]]

    def identify(self) -> Identity | None:
        """Read only: the chip that answers, or None where it is certainly another."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A device that has news of its own: an input whose edges arrive between two due times."""

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` from any thread when a measurement is worth taking now."""
        ...


@runtime_checkable
class Patient(Protocol):
    """A chip that needs longer than usual to be set up and measured: a gas sensor's hotplate."""

    deadline: ClassVar[float]  # seconds


@runtime_checkable
class Totalling(Protocol):
    """A counter whose totals go on where the event log left them."""

    def resume(self, values: Mapping[str, float]) -> None:
        """Go on from the last values that were logged; called once, before the first setup."""
        ...


class Output(Protocol):
    """A relay, LED or PWM channel that the agent switches."""

    bus: ClassVar[BusKind]

    def apply(self, value: float) -> None:
        """Switch; 0 is off."""
        ...

    def state(self) -> float:
        """Return what the output is set to, read back where the hardware can."""
        ...

    def close(self) -> None:
        """Give the line back."""
        ...


def run(steps: Steps[T], sleep: Callable[[float], object] = time.sleep) -> T:
    """Run one generator to its end, sleeping as it asks; return its result."""
    while True:
        try:
            sleep(next(steps))
        except StopIteration as end:
            result: T = end.value
            return result


def read(driver: Driver, sleep: Callable[[float], object] = time.sleep) -> dict[str, float]:
    """Set a chip up and measure it once: for scripts and the REPL."""
    run(driver.setup(), sleep)
    return run(driver.measure(), sleep)


def checked(channels: Iterable[Channel], values: dict[str, float], where: str) -> dict[str, float]:
    """Return the values; raise `OutOfRange` for one that the chip cannot have measured."""
    for channel in channels:
        value = values[channel.name]
        rounding = channel.resolution / 2
        if not channel.low - rounding <= value <= channel.high + rounding:
            span = f"{channel.low:g} to {channel.high:g} {channel.unit}".rstrip()
            raise OutOfRange(where, f"{channel.name} is {value:g}, the chip measures {span}")
    return values
