"""The live table of a terminal (rich, extra `[consumers]`)."""

import logging

from rich.console import Console, Group
from rich.live import Live
from rich.logging import RichHandler
from rich.table import Table as Grid
from rich.text import Text

from consumers.audit.report import AuditReport, LogReport
from consumers.audit.rows import HEAD, row, verdict, worst_first

NAMES = 2  # columns on the left; the others are numbers
ERRORS = {"lost", "contradictory"}
AROUND = 6  # lines beside the rows


class AuditTable:
    """Redraws itself, below the log's lines; at the end it vanishes, for the summary comes."""

    def __init__(self, headline: str) -> None:
        self._headline = headline
        self._console = console = Console()
        handler = RichHandler(logging.INFO, console, show_path=False, log_time_format="%H:%M:%S")
        logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler])
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._live.start()
        self._live.update(Text(f"{headline}: no event yet", "bold"), refresh=True)

    def show(self, report: AuditReport, at: float) -> None:  # noqa: ARG002 - rows have no time
        """Draw the table."""
        logs = worst_first(report)
        most = max(self._console.height - AROUND, 1)
        grid = grid_of(logs[:most])
        rest = f"and {len(logs) - most:,} more" if len(logs) > most else ""
        heading = Text(f"{self._headline}: {verdict(report)}", "bold")
        self._live.update(Group(heading, Text(), grid, Text(rest, "dim")), refresh=True)

    def close(self) -> None:
        """Give the terminal back."""
        self._live.stop()


def grid_of(logs: list[LogReport]) -> Grid:
    """Return a table with a row for each log."""
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for n, title in enumerate(HEAD):
        grid.add_column(title, justify="left" if n < NAMES else "right")
    for log in logs:
        grid.add_row(*map(_cell, HEAD, row(log)))
    return grid


def _cell(title: str, text: str) -> Text:
    if text == "0":
        return Text(text, "dim")
    return Text(text, "bold red" if title in ERRORS and text != "?" else "")
