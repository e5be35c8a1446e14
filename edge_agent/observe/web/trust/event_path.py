"""The path of one event: measured, refined, logged, and what became of it at each sink."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

import msgspec

from edge_agent.events import LoggedEvent
from edge_agent.observe.web.route import BadRequest
from edge_agent.observe.web.trust.fate import Fate, KnownEvent, fate
from edge_agent.observe.web.trust.gap_report import GapReport, gap_reports
from edge_agent.observe.web.trust.log_lines import LogLine
from edge_agent.observe.web.trust.reached import LOG, Reaches, when_reached
from edge_agent.store.sink_account import SinkAccount

GAPS = 5000  # reports that are looked through for an offset
BEGINNINGS = {
    "reading": "measured by {}",
    "aggregate": "summed up over a window of {}",
    "alert": "the state of the rule {} changed",
    "output": "the output {} was set",
    "command": "the command {} came or was carried out",
    "gap": "the {} noted that events are missing",
    "lifecycle": "the {} noted it of itself",
}
UNSYNCHRONISED = "the clock was not set yet: the time is not to be trusted"


class TrustLog(Protocol):
    """The event log, as far as this view reads it."""

    id: str

    def find(self, offset: int) -> LoggedEvent | None:
        """Return the event with an offset; None if the log does not have it."""
        ...

    def gaps_after(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` gap events behind an offset, oldest first."""
        ...

    def latest_gaps(self, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` gap events, newest first."""
        ...

    def read_before(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events up to and including `offset`, newest first."""
        ...

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        ...

    def accounts(self) -> dict[str, SinkAccount]:
        """Return the account of each sink that ever was, by name."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Let all questions inside see the log of one moment."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class EventId(NamedTuple):
    """An id as every delivery of the event has it: the log's id and the offset."""

    log: str
    offset: int

    def __str__(self) -> str:
        return f"{self.log}:{self.offset}"


class Step(msgspec.Struct, frozen=True):
    """What happened to an event on its path; `time` in µs since 1970, None if it is not known."""

    name: str
    text: str
    time: int | None = None


class EventPath(msgspec.Struct, frozen=True):
    """All that is known of an event; `data` is None if the log does not have it.

    `lines` of the log are about it.
    """

    id: str
    kind: str
    source: str
    data: Any
    steps: Sequence[Step]
    sinks: Sequence[Fate]
    lines: Sequence[LogLine] = ()


def parse_id(text: str, log: str) -> EventId:
    """Return what an id names, an offset alone in this log; raise BadRequest if it is neither."""
    name, _, number = text.strip().rpartition(":")
    is_number = number.isascii() and number.isdecimal() and len(number) < 19
    if not is_number or not (name.isalnum() or not name) or len(name) > 64:
        what = f"an id is <log>:<offset>, such as {log}:17; an offset alone names one of this log"
        raise BadRequest(what)
    return EventId(name or log, int(number))


def event_path(
    log: TrustLog, text: str, reaches: Reaches, refinement: Callable[[str], Sequence[str]]
) -> EventPath:
    """Return the path of the event with an id; raise BadRequest if it can be none."""
    with log.snapshot():
        id_ = parse_id(text, log.id)
        if id_.log != log.id:
            return _elsewhere(log, id_)
        last = log.last_offset()
        if not 0 < id_.offset <= last:
            raise BadRequest(f"the log has given no offset {id_.offset}; the last one is {last}")
        found = _known(log, id_)
        accounts = log.accounts()
    sinks = [fate(one, found, reaches.get(name, ())) for name, one in accounts.items()]
    if found.event is None:
        return EventPath(str(id_), "", "", None, [_missing(found)], sinks)
    return _whole(id_, found.event, sinks, reaches, refinement)


def _known(log: TrustLog, id_: EventId) -> KnownEvent:
    gaps = gap_reports(log.gaps_after(id_.offset, GAPS))
    return KnownEvent(
        id_.offset, log.find(id_.offset), [one for one in gaps if one.names(id_.offset, "")]
    )


def _whole(
    id_: EventId,
    event: LoggedEvent,
    sinks: Sequence[Fate],
    reaches: Reaches,
    refinement: Callable[[str], Sequence[str]],
) -> EventPath:
    data = msgspec.json.decode(event.data)
    steps = [_begun(event), *_refined(event, data, refinement), _logged(id_, reaches)]
    return EventPath(str(id_), event.kind, event.source, data, steps, sinks)


def _begun(event: LoggedEvent) -> Step:
    text = BEGINNINGS.get(event.kind, "it came from {}").format(event.source)
    name = "measured" if event.kind == "reading" else "happened"
    return Step(name, text if event.boot is None else f"{text}; {UNSYNCHRONISED}", event.time)


def _refined(
    event: LoggedEvent, data: Mapping[str, Any], refinement: Callable[[str], Sequence[str]]
) -> list[Step]:
    """Return what refining did: what it refused is logged, what it corrected is not."""
    if event.kind != "reading":
        return []
    refused = [f"{name} was refused: {why}" for name, why in data.get("refused", {}).items()]
    now = "; ".join(refinement(event.source)) or "nothing is corrected or refused"
    text = "; ".join([*refused, f"as configured now: {now}"])
    return [Step("refined", f"{text} (the log has refined values only)")]


def _logged(id_: EventId, reaches: Reaches) -> Step:
    text = f"offset {id_.offset} of the log {id_.log}"
    commit = when_reached(reaches.get(LOG, ()), id_.offset)
    if commit is None:
        return Step("logged", f"{text}; the log does not keep the time of a commit")
    return Step("logged", f"{text}; committed up to offset {commit.offset}", commit.time)


def _missing(found: KnownEvent) -> Step:
    if not found.gaps:
        text = "the log no longer has it: what all sinks own is deleted after a while"
        return Step("deleted", text)
    return _reported(found.gaps[0], "the log does not have it")


def _reported(gap: GapReport, text: str) -> Step:
    where = f"the gap event at offset {gap.offset} reports it: {gap.reason}"
    return Step("reported", f"{text}; {where}", gap.time)


def _elsewhere(log: TrustLog, id_: EventId) -> EventPath:
    """Return what is known of another log's event: this one may have taken its place."""
    reports = gap_reports(log.gaps_after(0, GAPS))
    named = [one for one in reports if one.names(id_.offset, id_.log)]
    text = f"this is not an id of the log {log.id}"
    if not named:
        return EventPath(str(id_), "", "", None, [Step("unknown", text)], [])
    return EventPath(str(id_), "", "", None, [_reported(one, text) for one in named], [])
