"""What a run shows while it lasts: nothing, lines, or a live table."""

import logging
import sys
from collections.abc import Callable
from datetime import datetime

import click

from consumers.audit.following import View
from consumers.audit.report import AuditReport, LogReport
from consumers.audit.rows import listed

LOG_FORMAT = "%(levelname)s: %(message)s"


class NoView:
    """Shows nothing: the result alone counts."""

    def show(self, report: AuditReport, at: float) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class AuditLines:
    """A line for each log whose findings have changed: for pipes and journals."""

    def __init__(self, headline: str) -> None:
        self._shown: dict[str, str] = {}
        click.echo(f"following {headline}; Ctrl-C ends the audit")

    def show(self, report: AuditReport, at: float) -> None:
        """Print what is new."""
        time = datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
        for log in report.logs:
            found = _found(log)
            if found != self._shown.get(log.log, ""):
                click.echo(f"{time}  {log.nodes[-1]} {log.log}  {found or 'clean'}")
            self._shown[log.log] = found

    def close(self) -> None:
        """Do nothing."""


def open_view(*, silent: bool, headline: str) -> View:
    """Return a live table if the terminal and the installed packages allow it, else lines."""
    table = None if silent else _live_table()
    if table is not None:
        return table(headline)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    return NoView() if silent else AuditLines(headline)


def _live_table() -> Callable[[str], View] | None:
    if not sys.stdout.isatty():
        return None
    try:
        from consumers.audit.table import AuditTable  # noqa: PLC0415 - rich is in [consumers]
    except ImportError:
        return None
    return AuditTable


def _found(log: LogReport) -> str:
    found = {"lost": log.lost, "contradictory": log.contradictory, "duplicated": log.duplicated}
    found |= {"reordered": log.reordered, "late": log.late}
    parts = [f"{name} {each.total:,}" for name, each in found.items() if each.total]
    lost = f" ({listed(log.lost)})" if log.lost.total else ""
    return ", ".join(parts) + lost
