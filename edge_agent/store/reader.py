"""The reading side of the event log: a connection of its own, always a committed state."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge_agent.errors import LogError
from edge_agent.events import LoggedEvent
from edge_agent.store.event_log import LAST, log_id

READ_AFTER = """
SELECT json_group_array(json_array("offset", time, boot, uptime, kind, source, data))
FROM (SELECT * FROM event WHERE "offset" > ? ORDER BY "offset" LIMIT ?)
"""
READ_BEFORE = """
SELECT json_group_array(json_array("offset", time, boot, uptime, kind, source, data))
FROM (SELECT * FROM event WHERE "offset" <= ? ORDER BY "offset" DESC LIMIT ?)
"""
LATEST_ALERTS = """
SELECT json_group_array(json_array("offset", time, boot, uptime, kind, source, data))
FROM event WHERE "offset" IN (
    SELECT max("offset") FROM event WHERE kind = 'alert' GROUP BY source
)
"""
LATEST_VALUES = """
SELECT data->'values' FROM event WHERE kind = 'reading' AND source = ? AND data->'values' != '{}'
ORDER BY "offset" DESC LIMIT 1
"""
CHUNK = 5000  # events in memory at a time
AS_OWNER = "read it as its owner, as in: sudo -u edge-agent edge-agent log …"
_decoder = msgspec.json.Decoder(list[LoggedEvent])


class Stats(NamedTuple):
    """The account: recorded = delivered + waiting + dropped, for every sink."""

    recorded: int
    waiting: dict[str, int]
    dropped: dict[str, int]
    rows: int
    bytes: int


class LogReader:
    """The reading side: what a forwarder and the command line see, always a committed state."""

    def __init__(self, path: Path) -> None:
        try:
            self.inode = path.stat().st_ino
        except FileNotFoundError:
            what = f"{path}: there is no event log yet"
            raise LogError(what, "start the agent first") from None
        except OSError as error:
            raise LogError(f"{path}: {error.strerror}", AS_OWNER) from error
        self._path = path
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        try:
            self.id = log_id(self._connection)
        except sqlite3.Error:
            self._connection.close()
            raise

    def read_after(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events behind `offset`, oldest first."""
        return self._events(READ_AFTER, (offset, limit))

    def events_after(self, offset: int) -> Iterator[LoggedEvent]:
        """Yield all events behind an offset, a chunk in memory at a time."""
        while chunk := self.read_after(offset, CHUNK):
            yield from chunk
            offset = chunk[-1].offset

    def read_before(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events up to and including `offset`, newest first."""
        return self._events(READ_BEFORE, (offset, limit))

    def offset_at(self, time: int) -> int:
        """Return the offset behind which the events since a time in µs lie."""
        query = 'SELECT coalesce(min("offset") - 1, 0) FROM event WHERE time >= ?'
        return int(self._connection.execute(query, (time,)).fetchone()[0])

    def boot_number(self, boot: str) -> int | None:
        """Return the number under which a boot's events are logged; None if there are none."""
        query = "SELECT number FROM boot WHERE id = ?"
        row = self._connection.execute(query, (boot,)).fetchone()
        return row[0] if row else None

    def latest_alerts(self) -> dict[str, LoggedEvent]:
        """Return the last alert of each rule."""
        return {event.source: event for event in self._events(LATEST_ALERTS, ())}

    def latest_values(self, device: str) -> dict[str, float]:
        """Return what a device measured last; nothing where the log has no reading of it."""
        row = self._connection.execute(LATEST_VALUES, (device,)).fetchone()
        return msgspec.json.decode(row[0], type=dict[str, float]) if row else {}

    def memories(self) -> dict[str, bytes]:
        """Return everything that is to be known again after a restart, as JSON by its name."""
        rows = self._connection.execute("SELECT name, data FROM memory")
        return {name: data.encode() for name, data in rows}

    def cursor(self, sink: str) -> int:
        """Return a sink's committed offset; 0 for one that never took anything."""
        return self.cursors().get(sink, 0)

    def cursors(self) -> dict[str, int]:
        """Return the committed offset of every sink."""
        return dict(self._connection.execute('SELECT sink, "offset" FROM cursor').fetchall())

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        return int(self._connection.execute(LAST).fetchone()[0])

    def stats(self) -> Stats:
        """Return the account, and what the log takes on the disk."""
        count = 'SELECT count(*) FROM event WHERE "offset" > ?'
        waiting = {
            sink: self._connection.execute(count, (offset,)).fetchone()[0]
            for sink, offset in self.cursors().items()
        }
        dropped = dict(self._connection.execute("SELECT reason, count FROM dropped").fetchall())
        rows = self._connection.execute(count, (0,)).fetchone()[0]
        size = sum(f.stat().st_size for f in self._path.parent.glob(self._path.name + "*"))
        return Stats(self.last_offset(), waiting, dropped, rows, size)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _events(self, sql: str, parameters: Sequence[Any]) -> list[LoggedEvent]:
        (text,) = self._connection.execute(sql, parameters).fetchone()
        return _decoder.decode(text)


def account(path: Path) -> dict[str, Any]:
    """Return the account of a log, as `Stats` has it."""
    reader = LogReader(path)
    try:
        return reader.stats()._asdict()
    finally:
        reader.close()
