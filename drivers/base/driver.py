"""What every driver is: channels, `setup` and `measure` as generators that yield waits.

A driver never sleeps: `yield seconds` gives the bus to the other devices for that long.
"""

import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import (
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Protocol,
    TypeAlias,
    TypeGuard,
    TypeVar,
    runtime_checkable,
)

from drivers.base.channel import Channel
from drivers.base.errors import DriverError, OutOfRange

T = TypeVar("T")
Steps: TypeAlias = Generator[float, None, T]
Values: TypeAlias = Mapping[str, float | DriverError]  # or why a channel has none
BusKind = Literal["i2c", "spi", "serial", "w1", "gpio", "linux", "modbus"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Which chip answered; `certain` only if an identification register says so."""

    chip: str
    certain: bool


class Driver(Protocol):
    """A sensor: one chip or pin.

    `channels` of the class are all that the chip can have; those of an instance, what it measures.
    The constructor takes the port and, by keyword only, the options.
    """

    bus: ClassVar[BusKind]
    channels: tuple[Channel, ...]

    def __init__(self, port: Any, **options: Any) -> None: ...  # noqa: ANN401 - the driver says

    def setup(self) -> Steps[None]:
        """Bring the chip from any state into the configured one; idempotent."""
        ...

    def measure(self) -> Steps[Values]:
        """Measure all channels at one moment; raise a `DriverError` rather than guess.

        A channel that has no value, while others have, has the error instead.
        """
        ...


class Output(Protocol):
    """A relay, LED or PWM channel that the agent switches.

    The constructor takes the port, the number of the pin if the chip is an expander, and, by
    keyword only, the options.
    """

    bus: ClassVar[BusKind]

    def __init__(self, port: Any, *pin: int, **options: Any) -> None: ...  # noqa: ANN401

    def apply(self, value: float) -> None:
        """Switch; 0 is off."""
        ...

    def state(self) -> float:
        """Return what the output is set to, read back if the hardware can."""
        ...

    def close(self) -> None:
        """Release the line."""
        ...


DriverClass: TypeAlias = type[Driver] | type[Output]


def is_sensor(driver: DriverClass) -> TypeGuard[type[Driver]]:
    """Return whether a class is a sensor."""
    return issubclass(driver, Measuring)


def is_output(driver: DriverClass) -> TypeGuard[type[Output]]:
    """Return whether a class is an output."""
    return issubclass(driver, Switching)


def channels_of(driver: DriverClass) -> tuple[Channel, ...]:
    """Return all channels that a sensor can have; an output has none."""
    return driver.channels if is_sensor(driver) else ()


def addresses_of(driver: DriverClass) -> tuple[int, ...]:
    """Return the I2C addresses that a chip can have, the default first; none on other buses."""
    return driver.addresses if isinstance(driver, Addressed) else ()


def more_pins_of(driver: DriverClass) -> tuple[str, ...]:
    """Return the options that hold GPIO numbers besides the first: an echo, a second phase."""
    return driver.more_pins if isinstance(driver, MultiPin) else ()


def shares_chip(driver: DriverClass) -> bool:
    """Return whether inputs and outputs of one chip may both be configured."""
    return not (isinstance(driver, Unshared) and driver.alone)


@runtime_checkable
class Measuring(Protocol):
    """What makes a class a sensor."""

    def measure(self) -> Steps[Values]:
        """Measure, as in `Driver`."""
        ...


@runtime_checkable
class Switching(Protocol):
    """What makes a class an output."""

    def apply(self, value: float) -> None:
        """Switch, as in `Output`."""
        ...


@runtime_checkable
class Addressed(Protocol):
    """A chip on I2C: every driver of one."""

    addresses: ClassVar[tuple[int, ...]]


@runtime_checkable
class MultiPin(Protocol):
    """A device on several pins; `more_pins` names the options that hold the other GPIO numbers."""

    more_pins: ClassVar[tuple[str, ...]]


@runtime_checkable
class Unshared(Protocol):
    """A chip that has either inputs or outputs, never both."""

    alone: ClassVar[bool]


@runtime_checkable
class Identifiable(Protocol):
    """A chip on a shared bus that can be looked for without side effects."""

    def identify(self) -> Identity | None:
        """Read only: the chip that answers, or None if it is certainly another."""
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
    """Set a chip up and measure it once, for scripts and the REPL; return what has a value."""
    return read_parted(driver, sleep).values


def read_parted(driver: Driver, sleep: Callable[[float], object] = time.sleep) -> "Parted":
    """Set a chip up and measure it once; return what has a value, and why the rest has none."""
    run(driver.setup(), sleep)
    return parted(run(driver.measure(), sleep))


class Parted(NamedTuple):
    """The values of a measurement, and the errors of the channels that have none."""

    values: dict[str, float]
    refused: dict[str, DriverError]

    @property
    def qualities(self) -> dict[str, str]:
        """Each refused channel's reason in one word."""
        return {name: error.quality for name, error in self.refused.items()}

    @property
    def reasons(self) -> str:
        """The errors' texts, each once: several channels may share one."""
        return "; ".join(dict.fromkeys(map(str, self.refused.values())))


def parted(measured: Values) -> Parted:
    """Part values and errors; raise the first error if no channel has a value."""
    values = {name: one for name, one in measured.items() if not isinstance(one, DriverError)}
    refused = {name: one for name, one in measured.items() if isinstance(one, DriverError)}
    if refused and not values:
        raise next(iter(refused.values()))
    return Parted(values, refused)


def value_or_error(
    get: Callable[[], float | DriverError], *kinds: type[DriverError]
) -> float | DriverError:
    """Return a channel's value, or the error if it is one of these kinds, which are its alone."""
    try:
        return get()
    except kinds as error:
        return error


def checked(channels: Iterable[Channel], measured: Values, where: str, hint: str = "") -> Values:
    """Return what was measured, with `OutOfRange` for what the chip cannot have measured.

    So have the channels that need it, and no others; raise it if no channel has a value.
    """
    found = {one.name: _in_range(one, measured[one.name], where, hint) for one in channels}
    for channel in channels:
        for name in channel.needs:
            if isinstance(error := found.get(name), DriverError):
                found[channel.name] = error
    errors = [one for one in found.values() if isinstance(one, DriverError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    return found


def _in_range(
    channel: Channel, value: float | DriverError, where: str, hint: str
) -> float | DriverError:
    rounding = channel.resolution / 2
    if isinstance(value, DriverError) or (
        channel.low - rounding <= value <= channel.high + rounding
    ):
        return value
    span = f"{channel.low:g} to {channel.high:g} {channel.unit}".rstrip()
    return OutOfRange(where, f"{channel.name} is {value:g}, the chip measures {span}", hint)
