"""What a soak has found, as the lines of its report."""

from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

from consumers.audit.report import AuditReport

WARM_UP = 1 / 3  # of the whole time: by then the log has its largest size, and trims
GROWTH, LINES = 1.0, 60.0  # the most that is allowed: MiB, and lines a minute


class Sample(NamedTuple):
    """What the process uses at a moment; `lines` are those of its log so far."""

    seconds: float
    rss: float
    descriptors: int
    threads: int
    lines: int


class Row(NamedTuple):
    """One line of the report; `limit` is empty if there is none."""

    what: str
    found: str
    limit: str = ""
    holds: bool = True

    def cells(self) -> tuple[str, ...]:
        """Return it as a line of the table."""
        verdict = ("holds" if self.holds else "**missed**") if self.limit else ""
        return (self.what, self.found, self.limit, verdict)


def usage(samples: list[Sample], cpu: float) -> Iterator[Row]:
    """Yield what was used after the warm-up, and how much more at its end than at its beginning."""
    seconds = samples[-1].seconds
    warm = [one for one in samples if one.seconds >= seconds * WARM_UP]
    part = len(warm) // 4
    before, after = (median(one.rss for one in some) for some in (warm[:part], warm[-part:]))
    grown, lines = after - before, (warm[-1].lines - warm[0].lines) / (seconds - warm[0].seconds)
    yield Row("minutes, of these warm-up", f"{seconds / 60:.0f}, {seconds * WARM_UP / 60:.0f}")
    yield Row("CPU of one core", f"{cpu / seconds:.1%}")
    yield Row("RSS, median of the first quarter after warm-up", f"{before:.2f} MiB")
    yield Row("RSS, median of the last quarter", f"{after:.2f} MiB")
    yield Row("growth", f"{grown:+.2f} MiB", f"< {GROWTH:+.2f} MiB", grown < GROWTH)
    yield Row("RSS, highest after warm-up", f"{max(one.rss for one in warm):.2f} MiB")
    yield steady("descriptors while connected", [one.descriptors for one in warm])
    yield steady("threads", [one.threads for one in warm])
    yield Row("lines logged a minute", f"{lines * 60:.1f}", f"< {LINES}", lines * 60 < LINES)


def steady(what: str, counts: list[int]) -> Row:
    """Return whether a count at the end is no higher than after warm-up."""
    part = len(counts) // 4
    first, last = max(counts[:part]), max(counts[-part:])
    return Row(
        what, f"{min(counts)} to {max(counts)}, at the end {last}", f"≤ {first}", last <= first
    )


def account(stats: dict[str, Any], code: int, commands: int) -> Iterator[Row]:
    """Yield whether every event is accounted for."""
    mqtt, recorded = stats["sinks"]["mqtt"], stats["recorded"]
    lost = sum(mqtt["refused"].values()) + sum(mqtt["dropped"].values())
    yield Row("commands sent", f"{commands}")
    yield Row("events recorded", f"{recorded}")
    yield Row("delivered", f"{mqtt['delivered']}")
    yield exactly("waiting at the end", mqtt["waiting"], 0)
    yield exactly("refused or dropped", lost, 0)
    yield exactly(
        "in the account of the sink", mqtt["delivered"] + mqtt["waiting"] + lost, recorded
    )
    yield exactly("exit code", code, 0)


def received(report: AuditReport, stats: dict[str, Any]) -> Iterator[Row]:
    """Yield what a subscriber of all events found out from them alone."""
    logs, delivered = report.logs, stats["sinks"]["mqtt"]["delivered"]
    arrived = sum(log.arrived for log in logs)
    yield exactly("received by a subscriber", arrived, delivered)
    yield exactly("lost, says the audit", sum(log.lost.total for log in logs), 0)
    yield exactly("contradictory, says the audit", sum(log.contradictory.total for log in logs), 0)
    yield Row("received twice", f"{sum(log.duplicated.total for log in logs)}")


def exactly(what: str, found: int, limit: int) -> Row:
    """Return whether a number is as it must be."""
    return Row(what, f"{found}", f"{limit}", found == limit)
