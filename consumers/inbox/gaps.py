"""What is missing in the logs: named by a gap event, or unexplained."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from consumers.introduction import KnownSinks
from consumers.ranges import Range, Ranges, Room
from consumers.received_event import ReceivedEvent
from edge_agent.schema.notes import GapV1

MOST = 10_000  # holes that are watched, and ranges that were named before they were missing
REPORTS = 1_000  # that nothing has asked for
RANGES = 100  # of one report


class MissingEvents(NamedTuple):
    """Events of a log that a consumer does not get; without a `reason`, no gap event names them.

    `total` may be more than the ranges have: some events never got an offset.
    """

    node: str
    log: str
    total: int
    ranges: tuple[Range, ...]
    reason: str = ""


@dataclass(slots=True)
class Hole:
    """Offsets that were jumped over."""

    node: str
    log: str
    since: float
    parts: list[Range]

    def subtract(self, ranges: Ranges) -> None:
        """Take out what is in a set."""
        self.parts = [part for each in self.parts for part in ranges.outside(*each)]


class Gaps:
    """Watches holes until a gap event names them, they are filled, or patience ends.

    Some holes are usual, and not reported: all of them if members have `shared` the events among
    them, and those of a node whose sink delivers only some kinds.
    """

    def __init__(self, patience: float, sinks: KnownSinks, *, shared: bool = False) -> None:
        self._patience = patience
        self._sinks = sinks
        self._shared = shared
        self._reports: deque[MissingEvents] = deque(maxlen=REPORTS)
        self._watched: deque[Hole] = deque()
        self._by_log: dict[str, deque[Hole]] = {}
        self._room = Room(MOST)
        self._named: dict[str, Ranges] = {}

    def jump(self, event: ReceivedEvent, first: int, now: float) -> None:
        """Note that everything from `first` to an event is missing."""
        parts = self._not_named(event, first)
        if not parts or self._are_usual(event.node):
            return
        hole = Hole(event.node, event.log, now, parts)
        self._watched.append(hole)
        self._by_log.setdefault(event.log, deque()).append(hole)
        if len(self._watched) > MOST:
            self._end_oldest()

    def fill(self, log: str, offset: int) -> None:
        """Note that an event has come late."""
        self._subtract(log, [(offset, offset)])

    def name(self, event: ReceivedEvent, reached: int) -> None:
        """Take what a gap event names; `reached` is the offset that its log has reached."""
        gap = msgspec.convert(event.data, GapV1)
        if not self._sinks.lacks(event.node, gap.reason):
            return
        log = gap.log or event.log
        ranges = [each for each in gap.ranges if each[0] <= each[1]]
        self._subtract(log, ranges)
        for first, last in ranges:
            if last > reached:
                self._name_ahead(log, first, last)
        shown = tuple(ranges[:RANGES])
        self._reports.append(MissingEvents(event.node, log, gap.count, shown, gap.reason))

    def reports(self, now: float) -> Sequence[MissingEvents]:
        """Return what was found since the last call."""
        while self._watched and now - self._watched[0].since >= self._patience:
            self._end_oldest()
        found = tuple(self._reports)
        self._reports.clear()
        return found

    def _subtract(self, log: str, ranges: Sequence[Range]) -> None:
        holes = self._by_log.get(log)
        if not holes:
            return
        gone = Ranges(Room(len(ranges)))
        for each in ranges:
            gone.add(*each)
        for hole in holes:
            hole.subtract(gone)
        self._by_log[log] = deque(hole for hole in holes if hole.parts)

    def _name_ahead(self, log: str, first: int, last: int) -> None:
        named = self._named.get(log) or Ranges(self._room)
        if named.add(first, last):
            self._named[log] = named

    def _not_named(self, event: ReceivedEvent, first: int) -> list[Range]:
        named = self._named.get(event.log)
        if named is None:
            return [(first, event.offset - 1)]
        parts = list(named.outside(first, event.offset - 1))
        named.forget(event.offset)
        if not named:
            del self._named[event.log]
        return parts

    def _end_oldest(self) -> None:
        hole = self._watched.popleft()
        if hole.parts:
            self._by_log[hole.log].popleft()
            self._report(hole)
        if not self._by_log.get(hole.log, True):
            del self._by_log[hole.log]

    def _report(self, hole: Hole) -> None:
        if not self._are_usual(hole.node):  # an introduction may have come meanwhile
            total = sum(last - first + 1 for first, last in hole.parts)
            self._reports.append(MissingEvents(hole.node, hole.log, total, tuple(hole.parts)))

    def _are_usual(self, node: str) -> bool:
        return self._shared or self._sinks.partial(node)


def is_gap(event: ReceivedEvent) -> bool:
    """Return whether an event names what is missing, in a version that is known here."""
    return event.kind == "gap" and event.version == 1
