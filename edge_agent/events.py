"""What travels between threads: from a reading to the logged event.

Readings go from the bus threads to the engine; events from the engine to the recorder; logged
events, which have an offset, from the log to the sinks.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeAlias, get_args

import msgspec
from msgspec import Meta

from edge_agent.clock import Moment

Kind: TypeAlias = Literal["reading", "aggregate", "alert", "output", "command", "gap", "lifecycle"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Start: TypeAlias = Literal["now", "beginning"]
Severity: TypeAlias = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the least first
AlertState: TypeAlias = Literal["inactive", "pending", "firing", "resolved", "flapping"]
GOOD = "good"
LATEST = 253_402_300_799_000_000  # µs: the last second of the year 9999


class Event(msgspec.Struct, frozen=True):
    """Something worth keeping; `data` is any JSON object, `urgent` skips the commit interval."""

    kind: Kind
    source: str
    moment: Moment
    data: dict[str, Any]
    urgent: bool = False


class Reading(msgspec.Struct, frozen=True):
    """A device's channels at one moment: right values, or a quality that says why there are none.

    `refused` says, for single channels, why their value was dropped; the others are valid.
    `missed` counts the edges since the last reading that did not arrive, or not in time.
    """

    device: str
    moment: Moment
    values: dict[str, float]
    quality: str = GOOD
    detail: str = ""
    refused: dict[str, str] = {}
    missed: int = 0

    def event(self) -> Event:
        """Return what is logged of this reading; empty parts are left out."""
        data: dict[str, Any] = {"values": self.values, "quality": self.quality}
        if self.detail:
            data["detail"] = self.detail
        if self.refused:
            data["refused"] = self.refused
        if self.missed:
            data["missed"] = self.missed
        return Event("reading", self.device, self.moment, data)


ADDED = ("message", "repeat", "acknowledged", "silenced")  # of an alert, if not empty


class Alert(msgspec.Struct, frozen=True):
    """A rule's change of state, with the values that caused it.

    `repeat` counts its repetitions; `acknowledged` and `silenced` were set by commands.
    """

    rule: str
    state: AlertState
    moment: Moment
    severity: str
    values: dict[str, float]
    message: str = ""
    repeat: int = 0
    acknowledged: bool = False
    silenced: bool = False

    def event(self) -> Event:
        """Return what is logged; an alert never waits for the commit interval."""
        data: dict[str, Any] = {
            "state": self.state,
            "severity": self.severity,
            "values": self.values,
        }
        for name in ADDED:
            if getattr(self, name):
                data[name] = getattr(self, name)
        return Event("alert", self.rule, self.moment, data, urgent=True)


class Switched(msgspec.Struct, frozen=True):
    """An output's new setting, and who asked for it; `error` if the hardware did not follow."""

    output: str
    value: float
    by: str
    moment: Moment
    error: str = ""

    def event(self) -> Event:
        """Return what is logged; it never waits for the commit interval."""
        data = {"value": self.value, "by": self.by, **({"error": self.error} if self.error else {})}
        return Event("output", self.output, self.moment, data, urgent=True)


class SavedState(NamedTuple):
    """What a restart must restore, under a name: JSON that replaces the last one."""

    name: str
    data: bytes


Record: TypeAlias = Event | SavedState  # what the engine hands to the recorder


PAGE = "#page"  # the topic of commands of the page: none of MQTT, so nothing from there has it


class Request(NamedTuple):
    """A command as it arrived: `topic` and `correlation` say where its answers go."""

    name: str
    payload: bytes
    topic: str
    correlation: bytes = b""
    retained: bool = False


class Answer(NamedTuple):
    """What the sender of a command gets to know about it: JSON."""

    topic: str
    correlation: bytes
    payload: bytes


class Finished(NamedTuple):
    """The end of a command that another thread carried out: `result`, or the `reason` for none."""

    id: str
    result: dict[str, Any] | None
    reason: str = ""


def gap(
    moment: Moment, reason: str, ranges: list[tuple[int, int]], count: int, *, log: str = ""
) -> Event:
    """Return the report of `count` dropped events, within inclusive `ranges` of offsets.

    `log` is the id of the log whose offsets they are, if it was replaced or may have lost commits.
    """
    data: dict[str, Any] = {"reason": reason, "count": count, "ranges": ranges}
    return Event("gap", "log", moment, data | ({"log": log} if log else {}))


def lifecycle(moment: Moment, what: str, **details: Any) -> Event:  # noqa: ANN401
    """Return a note about the agent itself: started, stopping, log salvaged, clock set."""
    return Event("lifecycle", "agent", moment, {"what": what, **details})


class Subscription(NamedTuple):
    """Which kinds of event a sink wants, and where a new one starts in the log."""

    sink: str
    kinds: frozenset[str] = frozenset(KINDS)
    start: Start = "beginning"


class CursorMove(NamedTuple):
    """A forwarder's report to the recorder: `sink` owns all events up to and including `offset`.

    `refused` holds the events on the way there that the destination refused, with its reasons;
    `kinds` are those that the forwarder looked for.
    """

    sink: str
    offset: int
    refused: dict[int, str]
    kinds: frozenset[str] = frozenset(KINDS)


class LoggedEvent(NamedTuple):
    """One row of the event log; `boot` and `uptime` only while `time` cannot be trusted."""

    offset: int
    time: Annotated[int, Meta(ge=0, le=LATEST)]
    boot: int | None
    uptime: int | None
    kind: str
    source: str
    data: str


class Replayed(LoggedEvent):
    """A logged event that is sent once more, marked as such: consumers may know it already."""


class RelayedEvent(LoggedEvent):
    """An event of any node's log that is handed on as it arrived.

    `offset` is its number on this way, which ascends from event to event as in a log; `attributes`
    are all of its own, known here or not, among them the id with the offset in its node's log.
    """

    node: str
    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, event: LoggedEvent, node: str, attributes: Mapping[str, Any]) -> Self:
        """Return an event with its node and its attributes."""
        relayed = cls(*event)
        relayed.node, relayed.attributes = node, attributes
        return relayed

    @property
    def id(self) -> str:
        """Return the id that it has had since it was logged."""
        return str(self.attributes["id"])


def node_of(event: LoggedEvent, own: str) -> str:
    """Return which node's event it is: our `own`, except of one that is relayed."""
    return event.node if isinstance(event, RelayedEvent) else own


def alert_of(logged: LoggedEvent) -> Alert:
    """Return the alert that was logged; raise msgspec.ValidationError for any other event."""
    data = msgspec.json.decode(logged.data, type=dict[str, Any])
    moment = Moment(logged.time, logged.uptime or 0, logged.boot is None)
    return msgspec.convert({**data, "rule": logged.source, "moment": moment}, Alert)
