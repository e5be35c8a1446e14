"""The audit of one log: which of its offsets have arrived, and how."""

from collections import Counter

from consumers.audit.arrival import Arrival, Gap
from consumers.audit.contents import Comparison
from consumers.audit.holes import Holes
from consumers.audit.report import LogReport
from consumers.introduction import KnownSinks
from consumers.ranges import Offsets, Room, Tally, size

NODES = 3  # names of one log: two mean that a log was copied, or a node renamed
REASONS = 20
OTHER = "other reasons"


class LogAudit:
    """Takes the events of one log in the order of their arrival; the first begins the audit."""

    def __init__(self, log: str, first: int, room: Room) -> None:
        self._log = log
        self._first = first
        self._last = first - 1
        self._missing = Holes(room)
        self._contradictory, self._duplicated = Tally(), Tally()
        self._reordered, self._late = Tally(), Tally()
        self._gaps: Counter[str] = Counter()
        self._nodes: dict[str, None] = {}
        self._arrived = self._before = self._not_compared = 0
        self._seen_at = 0.0

    def take(self, arrival: Arrival, content: Comparison, at: float, late: float) -> bool:
        """Note an arrival; return whether it is the event's first."""
        self._seen_at = at
        if len(self._nodes) < NODES:
            self._nodes[arrival.node] = None
        if content == "other":
            self.contradict(arrival.offset)
            return False
        if content == "new" and arrival.offset < self._first:
            self._before += 1
            return True
        if content == "same" or not self._is_fresh(arrival.offset, at):
            self._repeated(arrival.offset, content)
            return False
        self._arrived += 1
        if arrival.time is not None and at - arrival.time / 1e6 > late:
            self._late.add(arrival.offset)
        return True

    def contradict(self, offset: int) -> None:
        """Note that an event had the id of another one, with another content."""
        self._contradictory.add(offset)

    def count_gap(self, gap: Gap) -> None:
        """Count what a gap event of this log reports."""
        known = gap.reason in self._gaps or len(self._gaps) < REASONS
        self._gaps[gap.reason if known else OTHER] += gap.count

    def name(self, gap: Gap) -> None:
        """Note that a gap event names offsets of this log."""
        for first, last in gap.ranges:
            if self._first <= last and first <= last:
                self._missing.name(first, last)

    def report(self, settled: float, sinks: KnownSinks) -> LogReport:
        """Return what was found; holes that were noticed after `settled` may still be filled.

        `sinks` says which nodes deliver only some kinds of event.
        """
        judged = not any(map(sinks.partial, self._nodes))
        everything = self._missing.unnamed(float("inf"))
        lost = self._missing.unnamed(settled) if judged else ()
        unnamed, count = size(everything), size(lost)
        return LogReport(
            self._log,
            tuple(self._nodes),
            self._first,
            self._last,
            self._arrived,
            Offsets(count + (self._missing.forgotten if judged else 0), lost),
            Offsets(unnamed - count, tuple(sorted(set(everything) - set(lost)))),
            self._contradictory.offsets(),
            self._duplicated.offsets(),
            self._reordered.offsets(),
            self._late.offsets(),
            named=self._missing.count() - unnamed,
            gaps=dict(self._gaps),
            before=self._before,
            not_compared=self._not_compared,
            judged=judged,
            seen_at=self._seen_at,
        )

    def _is_fresh(self, offset: int, at: float) -> bool:
        if offset <= self._last:
            return self._fills(offset)
        if offset > self._last + 1:
            self._missing.open(self._last + 1, offset - 1, at)
        self._last = offset
        return True

    def _fills(self, offset: int) -> bool:
        filled = self._missing.fill(offset)
        if filled:
            self._reordered.add(offset)
        return filled

    def _repeated(self, offset: int, content: Comparison) -> None:
        self._duplicated.add(offset)
        self._not_compared += content == "new"
