"""The audit: takes events of any number of nodes as they arrive, and reports what is wrong.

It has no clock, no threads and no network; its memory is bounded, whatever arrives.
"""

from collections import Counter
from contextlib import suppress

from consumers.audit.arrival import Arrival, Gap, UnusableEvent, arrival_of
from consumers.audit.contents import Contents
from consumers.audit.log_audit import OTHER, REASONS, LogAudit
from consumers.audit.report import AuditReport
from consumers.introduction import KnownSinks
from consumers.ranges import Room
from consumers.source import DeadLetter

LATE, SETTLE = 60.0, 10.0  # s
WINDOW = 100_000  # events whose content is remembered: some 30 MB
LOGS = 10_000
RANGES = 500_000  # of all logs together: some 100 MB
REASON_LENGTH = 200


class Audit:
    """Takes events and reports what was found about each log.

    An event is late if it arrives more than `late` seconds after it was measured. A missing offset
    is lost `settle` seconds after a higher one has arrived. The contents of the latest `window`
    events are compared if an id arrives again.
    """

    def __init__(
        self,
        *,
        late: float = LATE,
        settle: float = SETTLE,
        window: int = WINDOW,
        logs: int = LOGS,
        ranges: int = RANGES,
    ) -> None:
        self._late = late
        self._settle = settle
        self._most = logs
        self._room = Room(ranges)
        self._contents = Contents(window)
        self._logs: dict[str, LogAudit] = {}
        self._sinks = KnownSinks(logs)
        self._unusable: Counter[str] = Counter()
        self._replays = 0

    def take(self, event: object, at: float) -> None:
        """Take a decoded event that arrived `at` seconds since 1970; anything else is counted."""
        try:
            self._arrive(arrival_of(event), at)
        except UnusableEvent as error:
            self.refuse(str(error))

    def take_dead_letter(self, letter: DeadLetter, at: float) -> None:
        """Count what no consumer can use; if it says which event it is, that one is not lost."""
        self.refuse(letter.reason)
        with suppress(UnusableEvent):
            self._arrive(arrival_of(letter.event), at)

    def _arrive(self, arrival: Arrival, at: float) -> None:
        if arrival.replayed:
            self._replayed(arrival)
            return
        log = self._log_of(arrival)
        if log.take(arrival, self._contents.compare(arrival), at, self._late) and arrival.gap:
            log.count_gap(arrival.gap)
            self._name(arrival, arrival.gap)

    def _replayed(self, arrival: Arrival) -> None:
        """Compare what was sent again on request; it says nothing of what is lost or late."""
        self._replays += 1
        content, log = self._contents.compare(arrival), self._logs.get(arrival.log)
        if content == "other" and log:
            log.contradict(arrival.offset)

    def refuse(self, reason: str) -> None:
        """Count a payload that is not an event."""
        cut = reason[:REASON_LENGTH]
        known = cut in self._unusable or len(self._unusable) < REASONS
        self._unusable[cut if known else OTHER] += 1

    def introduce(self, node: str, info: object) -> None:
        """Take what a node says of itself; it comes from outside and may be anything."""
        self._sinks.introduce(node, info)

    def report(self, at: float) -> AuditReport:
        """Return what was found until `at` seconds since 1970, the logs by node and id."""
        settled = at - self._settle
        reports = (log.report(settled, self._sinks) for log in self._logs.values())
        logs = sorted(reports, key=lambda one: (one.nodes, one.log))
        return AuditReport(tuple(logs), dict(self._unusable), self._replays)

    def _name(self, arrival: Arrival, gap: Gap) -> None:
        log = self._logs.get(gap.log or arrival.log)
        if log and self._sinks.lacks(arrival.node, gap.reason):
            log.name(gap)

    def _log_of(self, arrival: Arrival) -> LogAudit:
        log = self._logs.get(arrival.log)
        if log is None:
            if len(self._logs) >= self._most:
                raise UnusableEvent(f"of another log than the first {self._most}")
            log = LogAudit(arrival.log, arrival.offset, self._room)
            self._logs[arrival.log] = log
        return log
