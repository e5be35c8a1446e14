"""Rows of the log that do not decode: they are skipped, counted, and named in one line."""

import logging
from collections import Counter

import msgspec

from edge_agent.events import LoggedEvent

UNREADABLE = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)


class Skipped:
    """The rows that one reader of the log has skipped."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first = ""

    def add(self, event: LoggedEvent, error: Exception) -> None:
        """Count an event that was left out, for an error of `UNREADABLE`."""
        self._counts[event.kind] += 1
        self._first = self._first or f"offset {event.offset}: {error}"

    def report(self, logger: logging.Logger) -> None:
        """Log how many rows of which kinds were skipped, and the first one; nothing if none was."""
        if self._counts:
            counts = ", ".join(f"{count} {kind}" for kind, count in self._counts.items())
            what = "rows of the event log cannot be read, and are skipped: %s; the first has %s"
            logger.warning(what, counts, self._first)
