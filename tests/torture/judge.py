"""Compares what arrived at a sink with the log and its account; it believes neither of them.

An offset up to the last one that was ever given is lost for a sink if it did not arrive there, does
not wait in the log, is not of a kind that the sink does not want, and no gap event that reached
the sink, or waits for it, names it. A reading that has two ids was recorded twice: one of them is
contradictory. The product's own audit, which knows only what arrived, is heard as well.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from consumers.audit.audit import Audit
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.store.reader import LogReader
from edge_agent.store.sink_account import SinkAccount
from tests.torture.listeners import Arrival

HOLE = 100_000  # offsets: a salvage leaves out a million and more
MEASURED = ("time", "clock", "bootid", "uptime")  # set right once, when the clock is


class LogSnapshot(NamedTuple):
    """The log at one moment."""

    id: str
    last: int
    events: dict[int, LoggedEvent]
    accounts: dict[str, SinkAccount]


class Verdict(NamedTuple):
    """What became of the events of one sink."""

    sink: str
    at_stake: int
    lost: frozenset[tuple[str, int]]
    contradictory: int
    reordered: int
    duplicated: int
    named: int
    adds_up: bool
    why: str = ""

    def problems(self) -> Iterator[str]:
        """Yield what is worth a note, in words."""
        if self.why:
            yield f"{self.sink}: {self.why}"
        if self.reordered:
            yield f"{self.sink}: {self.reordered} reordered"
        if self.lost:
            first = min(self.lost)
            yield f"{self.sink}: lost {len(self.lost)}, the first is {first[0]}:{first[1]}"


def snapshot(path: Path) -> LogSnapshot:
    """Read the log in one transaction, whether an agent writes it or not."""
    reader = LogReader(path)
    try:
        with reader.snapshot():
            events = {event.offset: event for event in reader.events_after(0)}
            return LogSnapshot(reader.id, reader.last_offset(), events, reader.accounts())
    finally:
        reader.close()


class Judge:
    """Knows of every event that any sink has seen, whatever the log still has."""

    def __init__(self, log: LogSnapshot, arrived: Mapping[str, Sequence[Arrival]]) -> None:
        self._log = log
        self._arrived = arrived
        self._kinds: dict[tuple[str, int], str] = {}
        self._bodies: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for one in (one for arrivals in arrived.values() for one in arrivals):
            self._learn((one.log, one.offset), one.kind, one.body)
        for offset, event in log.events.items():
            self._learn((log.id, offset), event.kind, _as_body(event))

    def _learn(self, id_: tuple[str, int], kind: str, body: dict[str, Any]) -> None:
        self._kinds[id_] = kind
        known = self._bodies.setdefault(id_, [])
        if not any(same(body, other) for other in known):
            known.append(body)

    @property
    def contradictory(self) -> set[tuple[str, int]]:
        """Return the ids that name several contents, at one sink or at different ones."""
        return {id_ for id_, bodies in self._bodies.items() if len(bodies) > 1}

    @property
    def twice(self) -> int:
        """Return how many readings have a second id."""
        found = [
            (body["subject"], body.get("uptime") or body["time"], json.dumps(body["data"]))
            for id_, bodies in self._bodies.items()
            for body in bodies[:1]
            if self._kinds[id_] == "reading"
        ]
        return len(found) - len(set(found))

    def verdicts(
        self, kinds: Mapping[str, frozenset[str]], *, may_refuse: bool = False
    ) -> list[Verdict]:
        """Return what became of the events of each sink; `kinds` are those that it wants.

        What a destination has refused is lost, too, unless it `may_refuse`.
        """
        return [self._verdict(sink, wanted, may_refuse) for sink, wanted in kinds.items()]

    def _verdict(self, sink: str, wanted: frozenset[str], may_refuse: bool) -> Verdict:
        account = self._log.accounts[sink]
        arrivals = self._arrived[sink]
        arrived = {(one.log, one.offset) for one in arrivals}
        waiting = {
            (self._log.id, offset)
            for offset, event in self._log.events.items()
            if offset > account.cursor and event.kind in wanted
        }
        expected = self._expected(account, wanted)
        excused = self._excused(sink, arrivals, account, may_refuse)
        lost = (expected - arrived | _audited(arrivals, wanted)) - waiting - excused
        adds_up, why = self._adds_up(account, wanted, arrived)
        return Verdict(
            sink,
            len(expected),
            frozenset(lost),
            len(self.contradictory),
            _reordered(arrivals),
            len(arrivals) - len(arrived),
            len(expected & excused - arrived - waiting),
            adds_up,
            why,
        )

    def _expected(self, account: SinkAccount, wanted: frozenset[str]) -> set[tuple[str, int]]:
        """Return every id that was ever given, but not those of kinds that a sink does not want."""
        ends = {self._log.id: self._log.last}
        for log, offset in self._kinds:
            ends[log] = max(ends.get(log, 0), offset)
        begins = {self._log.id: account.start}
        given = ((log, n) for log, end in ends.items() for n in self._span(log, begins, end))
        return {id_ for id_ in given if self._kinds.get(id_, "unknown") in {*wanted, "unknown"}}

    def _span(self, log: str, begins: Mapping[str, int], end: int) -> Iterable[int]:
        """Return the offsets without the holes that a salvage or a kill leaves: never given."""
        holes = sorted(
            (first, last)
            for data in self._known_gaps
            if data.get("log") == log
            for first, last in data["ranges"]
            if last - first >= HOLE or not data["count"]
        )
        at = begins.get(log, 0) + 1
        for first, last in holes:
            yield from range(at, min(first, end + 1))
            at = max(at, last + 1)
        yield from range(at, end + 1)

    @property
    def _known_gaps(self) -> list[dict[str, Any]]:
        bodies = (self._bodies[id_] for id_, kind in self._kinds.items() if kind == "gap")
        return [body["data"] for found in bodies for body in found]

    def _excused(
        self, sink: str, arrivals: Sequence[Arrival], account: SinkAccount, may_refuse: bool
    ) -> set[tuple[str, int]]:
        """Return what the gap events name that have reached a sink, or wait for it."""
        told = [(one.log, one.body["data"]) for one in arrivals if one.kind == "gap"]
        told += [
            (self._log.id, _decoded(event.data))
            for event in self._log.events.values()
            if event.kind == "gap" and event.offset > account.cursor
        ]
        return {
            (data.get("log", log), offset)
            for log, data in told
            if concerns(data["reason"], sink, may_refuse)
            for first, last in data["ranges"]
            if last - first < HOLE
            for offset in range(first, last + 1)
        }

    def _adds_up(
        self, account: SinkAccount, wanted: frozenset[str], arrived: set[tuple[str, int]]
    ) -> tuple[bool, str]:
        """Count for ourselves; only what was dropped may be unknown to us."""
        behind = [
            id_
            for id_, kind in self._kinds.items()
            if id_[0] == self._log.id and id_[1] > account.start and kind in wanted
        ]
        dropped = sum(account.dropped.values())
        delivered = sum(id_ in arrived and id_[1] <= account.cursor for id_ in behind)
        counted = len(behind) <= account.recorded <= len(behind) + dropped
        owned = account.delivered <= delivered
        why = "" if counted and owned else f"{account}, but {len(behind)} known, {delivered} there"
        return counted and owned, why


def concerns(reason: str, sink: str, may_refuse: bool) -> bool:
    """Return whether a gap event's reason excuses a loss of this sink."""
    refused = reason.startswith("rejected by ")
    return not refused or (may_refuse and reason.startswith(f"rejected by {sink}:"))


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two bodies are one event; its time may have been set right once."""
    if {one.get("clock"), other.get("clock")} == {None, "unsynchronised"}:
        one, other = _timeless(one), _timeless(other)
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def _timeless(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in MEASURED}


def _as_body(event: LoggedEvent) -> dict[str, Any]:
    body = {
        "type": f"edge.{event.kind}.v1",
        "subject": event.source,
        "time": datetime.fromtimestamp(event.time / 1e6, UTC).isoformat().replace("+00:00", "Z"),
        "data": _decoded(event.data),
    }
    unset = {"clock": "unsynchronised", "bootid": event.boot, "uptime": str(event.uptime)}
    return body | (unset if event.boot is not None else {})


def _decoded(data: str) -> dict[str, Any]:
    try:
        return dict(json.loads(data))
    except ValueError:
        return {"damaged": data, "ranges": [], "reason": "", "count": 0}


def _audited(arrivals: Sequence[Arrival], wanted: frozenset[str]) -> set[tuple[str, int]]:
    """Return what the product's own audit misses, which knows neither the log nor this judge.

    Of a sink that wants some kinds only, it cannot know what should have arrived.
    """
    audit = Audit(settle=0)
    for one in arrivals if wanted == frozenset(KINDS) else ():
        audit.take(one.body, one.at)
    return {
        (log.log, offset)
        for log in audit.report(math.inf).logs
        for first, last in log.lost.ranges
        for offset in range(first, last + 1)
    }


def _reordered(arrivals: Sequence[Arrival]) -> int:
    """Count the events that arrived for the first time behind a later one of the same log."""
    highest: dict[str, int] = {}
    seen, count = set(), 0
    for one in arrivals:
        if (one.log, one.offset) not in seen:
            seen.add((one.log, one.offset))
            count += one.offset < highest.get(one.log, 0)
            highest[one.log] = max(highest.get(one.log, 0), one.offset)
    return count
