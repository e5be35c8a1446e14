"""The event log of an agent as a source: `log:/path/node.db`, read beside the running agent.

Only its tables `event` and `log` matter here: a row has offset, time in µs, boot and uptime if the
time is not to be trusted, kind, source and data. The events are those that a sink delivers.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec

from consumers.decode import events_in
from consumers.source import DeadLetter, Delivery, SourceUnavailable
from edge_agent.deliver.envelope import Envelope
from edge_agent.events import LoggedEvent

READ = """
SELECT "offset", time, boot, uptime, kind, source, data FROM event
WHERE "offset" > ? ORDER BY "offset" LIMIT ?
"""
LAST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'"
REMEDY = "name the event log of an agent, and run this as a user who may read it"


class LogRow(NamedTuple):
    """A row of the log: what it delivers, and its offset."""

    offset: int
    delivery: Delivery


class EventLogFile:
    """A log that is open for reading; every question sees its last commit."""

    def __init__(self, path: Path, node: str) -> None:
        """Raise SourceUnavailable if it cannot be read, or is no event log."""
        self._path = path
        try:
            self._inode = path.stat().st_ino
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
            )
            self.id = self._read_id()
        except (OSError, sqlite3.Error, TypeError) as error:
            raise SourceUnavailable(f"{path}: {_reason(error)}", REMEDY) from error
        self._envelope = Envelope(node, self.id)

    @property
    def replaced(self) -> bool:
        """Return whether another file is in its place, as salvage leaves one."""
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:
            return False  # for a moment, there is none

    @property
    def last(self) -> int:
        """Return the highest offset ever given; raise sqlite3.Error."""
        return int(self._database.execute(LAST).fetchone()[0])

    def read(self, after: int, limit: int) -> list[LogRow]:
        """Return events behind an offset, oldest first; raise sqlite3.Error."""
        rows = self._database.execute(READ, (after, limit)).fetchall()
        return [LogRow(row[0], self._delivery(row)) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _read_id(self) -> str:
        try:
            (found,) = self._database.execute("SELECT id FROM log").fetchone()
        except BaseException:
            self._database.close()
            raise
        return str(found)

    def _delivery(self, row: tuple[object, ...]) -> Delivery:
        try:
            event = msgspec.convert(row, LoggedEvent)
            (found,) = events_in(self._envelope.encode(event))
        except (ValueError, OverflowError) as error:
            return DeadLetter(f"offset {row[0]} of log {self.id} cannot be read: {error}")
        return found


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
