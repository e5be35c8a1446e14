"""What a destination is: a place that takes over events, a batch at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

import msgspec
from msgspec.structs import fields

from edge_agent.directories import followed
from edge_agent.errors import AgentError, MissingPackage
from edge_agent.events import (
    KINDS,
    Alert,
    Answer,
    LoggedEvent,
    Reading,
    Request,
    Start,
    Switched,
)
from edge_agent.keys import LOOKS, REDACTED, hides, mark


class Sink(Protocol):
    """A destination; `edge_agent.testing.sink` is the contract of every one.

    Its forwarder's thread alone calls it: `open` first, `close` last.
    """

    name: str

    def open(self) -> None:
        """Get ready to deliver; raise `SinkUnavailable` to be opened again later."""
        ...

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Hand a batch over, in order; return how many leading events the destination now owns.

        Raise `SinkUnavailable` if it took none and the events should be kept and tried again,
        `EventRejected` if it settled some but refused others for good.
        """
        ...

    def close(self) -> None:
        """Give everything back; a second time does nothing."""
        ...


@runtime_checkable
class LiveSink(Protocol):
    """A sink that also shows what is true now, and carries answers."""

    def post(self, post: "Post", /) -> None:
        """Take it over, from any thread, without waiting."""
        ...


class SinkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one scheme's sinks, besides those that all sinks have."""

    @property
    def most_per_second(self) -> int:
        """Return how many events of a backlog may go in a second; 0 for no limit."""
        return 0


Options = TypeVar("Options", bound=SinkOptions)


class SinkPlan(NamedTuple, Generic[Options]):
    """A sink as configured: values only, so that two readings of one file are equal.

    `live` says that it also shows what is true now; `commands`, that it takes commands; `aside`
    says that it delivers beside the agent's own sink, or without an agent, and as what: its
    identity ends with that, if the bus has such, and it shows nothing but events. `birth` is the
    topic on which Home Assistant says that it has started, if it discovers the agent there.
    """

    name: str
    url: tuple[str, ...]  # tried in order
    options: Options
    kinds: frozenset[str] = frozenset(KINDS)
    start: Start = "now"
    max_batch: int = 1  # events in one message
    live: bool = False
    commands: bool = False
    answer_topics: tuple[str, ...] = ()  # how topics begin to which answers may go as well
    aside: str = ""  # "replay", or "bridge" and who it is
    birth: str = ""


REPORT_EVERY = 60.0  # seconds between two `SelfReport`


class About(NamedTuple):
    """What the agent says of itself, as JSON, and which topics it does not have any more.

    `discovery` holds what others discover it by, by topic outside of its own; empty to remove.
    """

    info: bytes
    gone: frozenset[str] = frozenset()
    discovery: Mapping[str, bytes] = MappingProxyType({})

    def without_discovery(self) -> "About":
        """Return it for a sink by which nothing is discovered."""
        return self._replace(discovery={})


class SinkBacklog(NamedTuple):
    """How many events wait for a sink, and when the last delivery was seen: µs since 1970."""

    waiting: int
    delivered: int | None


class SelfReport(NamedTuple):
    """What the agent measures of itself: its sinks, and whether the wall clock is right."""

    sinks: Mapping[str, SinkBacklog]
    clock_set: bool


class Withdraw(NamedTuple):
    """A sink ends for good: what it shows is to vanish, except what others show."""

    kept: tuple[SinkPlan[Any], ...]


State: TypeAlias = Reading | Alert | Switched | About | SelfReport | Withdraw
Post: TypeAlias = State | Answer


class SinkContext(NamedTuple):
    """What a sink needs of the agent that it delivers for; every function is safe in any thread.

    `alive` takes the name of a thread that makes progress, `died` that of one that failed. `retry`
    ends the forwarder's pause. `notice` takes what the status should say of the sink; an
    empty text ends it. `trusted` returns whether the machine's wall clock is known to be right,
    `uptime` µs since boot. `stopping` turns true when the agent stops: `deliver` then ends within
    two seconds.
    """

    node: str
    log_id: str
    about: About
    alive: Callable[[str], None]
    died: Callable[[str], None]
    retry: Callable[[], None]
    stopping: Callable[[], bool]
    requested: Callable[[Request], None]
    notice: Callable[[str], None] = lambda _: None
    trusted: Callable[[], bool] = lambda: True
    uptime: Callable[[], int] = lambda: 0

    @classmethod
    def apart(
        cls, node: str, log_id: str, stopping: Callable[[], bool] = lambda: False
    ) -> "SinkContext":
        """Return that of a sink which only delivers: no agent around it hears what it says."""
        return cls(
            node,
            log_id,
            About(b"{}"),
            alive=lambda _thread: None,
            died=lambda _thread: None,
            retry=lambda: None,
            stopping=stopping,
            requested=lambda _request: None,
        )


class SinkProblem(NamedTuple):
    """What is wrong with one key of a sink's configuration."""

    key: str
    value: object
    what: str

    @classmethod
    def of(cls, key: str, value: object, error: AgentError) -> "SinkProblem":
        """Return what an error says; its remedy follows a semicolon, as everywhere."""
        return cls(key, value, f"{error.what}; {error.remedy}")

    def safe(self, options: type[SinkOptions]) -> "SinkProblem":
        """Return it without the value if that may be a secret in place of a path or a name."""
        marks = next((mark(one) for one in fields(options) if one.encode_name == self.key), {})
        if self.value is None or not marks or not hides(marks, self.value):
            return self
        looks = LOOKS.get(marks.get("names", ""))
        return SinkProblem(self.key, REDACTED, f"{self.what} ({looks})" if looks else self.what)


def claims_nothing(_plan: SinkPlan[Options], _node: str) -> Iterable[str]:
    """Return nothing: any number of such sinks may have the same destination."""
    return ()


def reaches_nothing(_plan: SinkPlan[Options], _node: str) -> Iterable[SinkProblem]:
    """Return nothing: there is no network between the agent and such a sink."""
    return ()


def misses_nothing(_plan: SinkPlan[Options]) -> Iterable[MissingPackage]:
    """Return nothing: such a sink needs no further package."""
    return ()


def file_claim(path: Path) -> str:
    """Return how a claim names a file."""
    return f"the file {followed(path)}"


class SinkType(NamedTuple, Generic[Options]):
    """What an entry point of `edge_agent.sinks` names, by the scheme of its URLs.

    `check` finds problems of a plan without a connection; `build` opens nothing. `claims` names
    what only one sink of a node may use. `reach` connects as a delivery does, without sending an
    event, and yields what stands in its way, with the remedy: name, TLS, login, whether the topic
    or queue exists and may be written to. `build` and `reach` raise MissingPackage if a package is
    not installed; `missing` yields all of these, and imports none.
    """

    options: type[Options]
    check: Callable[[SinkPlan[Options]], Iterable[SinkProblem]]
    build: Callable[[SinkPlan[Options], SinkContext], Sink]
    claims: Callable[[SinkPlan[Options], str], Iterable[str]] = claims_nothing
    reach: Callable[[SinkPlan[Options], str], Iterable[SinkProblem]] = reaches_nothing
    missing: Callable[[SinkPlan[Options]], Iterable[MissingPackage]] = misses_nothing
