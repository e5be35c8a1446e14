"""What an audit has found, as values."""

from typing import Any, NamedTuple

from consumers.metrics.figures import ConsumerTotals
from consumers.ranges import Offsets


class LogReport(NamedTuple):
    """What was found about one log.

    `first` is the offset with which the audit began, `last` the highest that has arrived;
    `arrived` counts each offset from `first` on once. `missing` may still arrive; after the
    settling time it is `lost`, unless a gap event names it (`named`). `gaps` counts the events that
    gap events report, by reason. `before` counts arrivals below `first`, which are not judged, and
    `not_compared` repetitions of events whose content was forgotten. A log is not `judged` if its
    node says that it delivers only some kinds of event here: then `lost` is empty.
    """

    log: str
    nodes: tuple[str, ...]
    first: int
    last: int
    arrived: int
    lost: Offsets
    missing: Offsets
    contradictory: Offsets
    duplicated: Offsets
    reordered: Offsets
    late: Offsets
    named: int
    gaps: dict[str, int]
    before: int
    not_compared: int
    judged: bool
    seen_at: float

    @property
    def clean(self) -> bool:
        """Return whether nothing was lost or contradictory."""
        return not (self.lost.total or self.contradictory.total)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        found = self._asdict()
        return {
            name: value._asdict() if isinstance(value, Offsets) else value
            for name, value in found.items()
        }


class AuditReport(NamedTuple):
    """What was found about every log; `unusable` counts other payloads, by reason.

    `replayed` counts events that were sent again on request, and only compared.
    """

    logs: tuple[LogReport, ...]
    unusable: dict[str, int]
    replayed: int = 0

    @property
    def clean(self) -> bool:
        """Return whether nothing was lost or contradictory in any log."""
        return all(log.clean for log in self.logs)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        logs = [log.as_dict() for log in self.logs]
        more = {"unusable": self.unusable, "replayed": self.replayed}
        return {"clean": self.clean, "logs": logs, **more}


def audit_totals(report: AuditReport) -> ConsumerTotals:
    """Return a report as totals."""
    return ConsumerTotals(
        dead=sum(report.unusable.values()),
        duplicates=sum(log.duplicated.total for log in report.logs),
        explained=sum(log.named for log in report.logs),
        unexplained=sum(log.lost.total for log in report.logs),
    )
