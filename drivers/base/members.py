"""What a driver may have besides `Driver`'s members: each is a protocol, found by isinstance."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from drivers.base.blindness import Blindness
from drivers.base.driver import Steps


@runtime_checkable
class Listening(Protocol):
    """An input whose edges arrive between two due times."""

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` from any thread when a measurement is worth taking now."""
        ...


class Remark(NamedTuple):
    """What a driver adds to values: for how many seconds they have been true already.

    `missed` counts the edges since the last remark that the device made but that did not arrive, or
    too many at once to be followed. `detail` is for the reader of the log.
    """

    age: float = 0.0
    missed: int = 0
    detail: str = ""


@runtime_checkable
class Remarking(Protocol):
    """An input whose values may be older than their measurement, or that may miss edges."""

    def remark(self) -> Remark:
        """Return what to add to the values that were measured last; called once for each."""
        ...


@runtime_checkable
class TakesTurns(Protocol):
    """A sensor that disturbs others: of those of one bus that share it, one measures at a time."""

    shared: ClassVar[str]


@runtime_checkable
class Patient(Protocol):
    """A chip that needs longer than usual to be set up and measured: a gas sensor's hotplate."""

    @property
    def deadline(self) -> float:
        """The seconds."""


@runtime_checkable
class Blind(Protocol):
    """A device that cannot notice every fault; its page says which."""

    blind: ClassVar[tuple[Blindness, ...]]


@runtime_checkable
class Overlaid(Protocol):
    """A sensor on a pin that a driver of the kernel reads: `overlay` loads it, with its `{pin}`.

    The line begins with `dtoverlay=` and the name of the kernel's driver; `wiring` is what to
    look at if the kernel does not hear the sensor.
    """

    overlay: ClassVar[str]
    wiring: ClassVar[str]


@runtime_checkable
class Calibrating(Protocol):
    """A sensor that takes its surroundings for a known value, within `calibrates`."""

    calibrates: ClassVar[tuple[float, float]]

    def calibrate(self, value: float) -> Steps[float]:
        """Set up, let the sensor settle, and calibrate it; return by how much it corrects."""
        ...


@runtime_checkable
class Compensated(Protocol):
    """A sensor that computes with what another device measures, if an option names its channel."""

    compensations: ClassVar[Mapping[str, str]]  # of each such option, the quantity that it takes

    def compensate(self, option: str, value: float | None) -> None:
        """Compute with a value, in its quantity's unit; None if no value is new enough.

        Called before each measurement, for each of these options that is given.
        """
        ...


class KnownTime(NamedTuple):
    """What a receiver of satellites says: `time`, in µs since 1970 UTC, was `age` seconds ago."""

    time: int
    age: float


@runtime_checkable
class KnowsTime(Protocol):
    """A receiver of satellites, whose measurements carry the time."""

    def known_time(self) -> KnownTime | None:
        """Return the time of the last measurement; None if it failed, or had no date."""
        ...


@runtime_checkable
class Continuous(Protocol):
    """An output that takes every value from 0 to 1, as how bright it is or as any other level."""

    continuous: ClassVar[Literal["brightness", "level"]]


@runtime_checkable
class Totalling(Protocol):
    """A counter whose totals continue after a restart: they are saved apart from the readings.

    They are saved at a stop, and otherwise at each `save_interval`: what was counted since is lost
    at a kill.
    """

    def save_interval(self) -> float:
        """Return seconds."""
        ...

    def total(self, *, stopped: bool) -> dict[str, Any]:
        """Return what `resume` needs, as JSON has it; `stopped` if nothing is counted any more."""
        ...

    def resume(self, saved: Mapping[str, Any], logged: Mapping[str, float]) -> None:
        """Continue from a saved total, or if there is none from the last logged values.

        Called once, before the first setup.
        """
        ...
