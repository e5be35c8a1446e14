"""What a report looks like to people: rows of a table, and sentences below it."""

from collections.abc import Iterator, Sequence

from consumers.audit.report import AuditReport, LogReport
from consumers.ranges import Offsets

HEAD = (
    *("node", "log", "events", "lost", "contradictory"),
    *("missing", "gaps", "duplicated", "reordered", "late"),
)
RANGES = 5  # named in a sentence


def row(log: LogReport) -> tuple[str, ...]:
    """Return the cells of a log, as HEAD names them."""
    lost = f"{log.lost.total:,}" if log.judged else "?"
    found = (log.duplicated, log.reordered, log.late)
    return (
        " = ".join(log.nodes),
        log.log,
        *(f"{log.arrived:,}", lost, f"{log.contradictory.total:,}"),
        *(f"{log.missing.total:,}", f"{log.named:,}"),
        *(f"{each.total:,}" for each in found),
    )


def worst_first(report: AuditReport) -> list[LogReport]:
    """Return the logs, those with an error first."""
    return sorted(report.logs, key=lambda log: log.clean)


def sentences(report: AuditReport, interruptions: int) -> Iterator[str]:
    """Yield what a reader has to know besides the table; the verdict comes last."""
    for log in worst_first(report):
        yield from _about(log)
    for reason, count in report.unusable.items():
        yield f"{count:,} unusable: {reason}"
    if report.replayed:
        yield f"{report.replayed:,} events replayed on request: compared, and otherwise not counted"
    if interruptions:
        yield f"the source lost our place {interruptions} times: what is lost may be its doing"
    yield verdict(report)


def verdict(report: AuditReport) -> str:
    """Return the result in one line."""
    if not report.logs:
        return "no event arrived"
    lost = sum(log.lost.total for log in report.logs)
    contradictory = sum(log.contradictory.total for log in report.logs)
    events = sum(log.arrived for log in report.logs)
    logs = f"{len(report.logs):,} logs" if len(report.logs) > 1 else "1 log"
    return f"{events:,} events of {logs}: {lost:,} lost, {contradictory:,} contradictory"


def _about(log: LogReport) -> Iterator[str]:
    node = log.nodes[-1]
    if log.lost.total:
        yield f"{node}: lost {listed(log.lost)}"
    if log.contradictory.total:
        yield f"{node}: two contents under one id: {listed(log.contradictory)}"
    for reason, count in log.gaps.items():
        yield f"{node}: {count:,} events given up by the agent: {reason}"
    if not log.judged:
        yield f"{node} delivers only some kinds of event here: what is lost cannot be seen"
    if len(log.nodes) > 1:
        yield f"{' and '.join(log.nodes)} use one log: was it copied, or the node renamed?"
    if log.before:
        yield f"{node}: {log.before:,} events from before offset {log.first}, not judged"


def listed(offsets: Offsets) -> str:
    """Return the first few ranges, such as 5-7, 12."""
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in offsets.ranges[:RANGES]]
    known = sum(b - a + 1 for a, b in offsets.ranges[:RANGES])
    return ", ".join(shown) + (", …" if known < offsets.total else "")


def plain(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table's lines for pipes and files: names on the left, numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        padded = [
            cell.ljust(width) if n < 2 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        yield "  ".join(padded).rstrip()
