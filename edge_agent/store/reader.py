"""The reading side of the event log: a separate connection, always a committed state."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge_agent.errors import LogError
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.store.account import read_accounts
from edge_agent.store.event_log import LAST
from edge_agent.store.event_rows import OF_KINDS, read_events
from edge_agent.store.log_connection import read_only
from edge_agent.store.migrations import log_id
from edge_agent.store.sink_account import SinkAccount
from edge_agent.store.tally import count, kinds_json, spans

READ_AFTER = """
FROM (SELECT * FROM event WHERE "offset" > ? ORDER BY "offset" LIMIT ?)
"""
READ_SPAN = """
FROM (SELECT * FROM event WHERE "offset" > ? AND "offset" <= ? ORDER BY "offset" LIMIT ?)
"""
READ_BEFORE = """
FROM (SELECT * FROM event WHERE "offset" <= ? ORDER BY "offset" DESC LIMIT ?)
"""
LATEST_ALERTS = """
FROM event WHERE "offset" IN (
    WITH RECURSIVE rule (name) AS (
        SELECT min(source) FROM event WHERE kind = 'alert'
        UNION ALL
        SELECT (SELECT min(source) FROM event WHERE kind = 'alert' AND source > name) FROM rule
        WHERE name IS NOT NULL
    )
    SELECT (SELECT max("offset") FROM event WHERE kind = 'alert' AND source = name) FROM rule
)
"""
LATEST_VALUES = """
SELECT data->'values' FROM event WHERE kind = 'reading' AND source = ?
AND "offset" > ? AND "offset" <= ? AND data->'values' != '{}' ORDER BY "offset" DESC LIMIT 1
"""
LATEST_THINNED = """
SELECT (SELECT json_group_object(key, CASE type WHEN 'object' THEN value->'last' END)
        FROM json_each(data->'values'))
FROM event WHERE kind = 'aggregate' AND source = ? AND data->>'thinned'
AND "offset" > ? AND "offset" <= ? AND data->'values' != '{}' ORDER BY "offset" DESC LIMIT 1
"""
CHUNK = 5000  # events in memory at a time
CACHE = 256  # kB of pages: events are read one after the other, and few of them twice
OTHER_FILE = "another file is in the log's place; the recorder puts the log back"
AS_OWNER = "read it as its owner, as in: sudo -u edge-agent edge-agent log …"


class Stats(NamedTuple):
    """The accounts of all sinks, and what the log takes on the disk."""

    recorded: int  # events that ever had an offset, or offsets that were skipped
    sinks: dict[str, SinkAccount]
    rows: int
    bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as the command line and the answers show it."""
        sinks = {name: account.as_dict() for name, account in self.sinks.items()}
        return {**self._asdict(), "sinks": sinks}


class LogReader:
    """The reading side: what a forwarder and the command line see, always a committed state."""

    def __init__(self, path: Path, id: str = "") -> None:  # noqa: A002 - as an event's
        """Open the log; raise LogError if there is none, or one with another id than is given."""
        self._path = path
        self.id = id
        self._open()

    def read_after(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events behind `offset`, oldest first."""
        return self._events(READ_AFTER, (offset, limit))

    def follow(self) -> None:
        """Read the log's successor from now on, if salvage has put another file in its place."""
        if self._connection.in_transaction:  # a snapshot stays with its file
            return
        with suppress(FileNotFoundError):  # for a moment, there is none
            if self._path.stat().st_ino != self.inode:
                self._connection.close()
                self._open()

    def read_kinds(
        self, kinds: Collection[str], after: int, upto: int, limit: int
    ) -> list[LoggedEvent]:
        """Return up to `limit` events of some kinds behind `after` and up to `upto`."""
        self.follow()
        if len(kinds) == len(KINDS):
            return self._events(READ_SPAN, (after, upto, limit))
        return self._events(OF_KINDS, (after, upto, kinds_json(kinds), limit))

    def events_after(self, offset: int) -> Iterator[LoggedEvent]:
        """Yield all events behind an offset, a chunk in memory at a time."""
        while chunk := self.read_after(offset, CHUNK):
            yield from chunk
            offset = chunk[-1].offset

    def read_before(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events up to and including `offset`, newest first."""
        return self._events(READ_BEFORE, (offset, limit))

    def boot_number(self, boot: str) -> int | None:
        """Return the number under which a boot's events are logged; None if there are none."""
        query = "SELECT number FROM boot WHERE id = ?"
        row = self._connection.execute(query, (boot,)).fetchone()
        return row[0] if row else None

    def latest_alerts(self) -> dict[str, LoggedEvent]:
        """Return the last alert of each rule."""
        return {event.source: event for event in self._events(LATEST_ALERTS, ())}

    def latest_values(self, device: str) -> dict[str, float]:
        """Return what a device measured last; nothing if the log has no reading of it."""
        for values in self._latest_values(device):
            with suppress(msgspec.ValidationError):  # not written by us
                return msgspec.json.decode(values, type=dict[str, float])
        return {}

    def saved_states(self) -> dict[str, bytes]:
        """Return the states that survive a restart, as JSON by name."""
        rows = self._connection.execute("SELECT name, data FROM saved_state")
        return {name: data.encode() for name, data in rows}

    def cursor(self, sink: str, kinds: Collection[str] = KINDS) -> int | None:
        """Return a sink's committed offset; None until it is registered with these kinds."""
        self.follow()
        query = 'SELECT "offset" FROM account WHERE sink = ? AND kinds = ? AND configured'
        row = self._connection.execute(query, (sink, kinds_json(kinds))).fetchone()
        return row[0] if row else None

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        return int(self._connection.execute(LAST).fetchone()[0])

    def require(self, offset: int) -> None:
        """Raise LogError if the log ends before an offset that was given."""
        if self.last_offset() < offset:
            raise LogError(f"{self._path} ends before offset {offset}", OTHER_FILE)

    def accounts(self) -> dict[str, SinkAccount]:
        """Return the account of each sink that ever was, by name."""
        with self.snapshot():
            return read_accounts(self._execute)

    def stats(self) -> Stats:
        """Return the accounts, and what the log takes on the disk."""
        size = sum(map(_size, self._path.parent.glob(self._path.name + "*")))
        with self.snapshot():
            rows = count(self._execute, kinds_json(KINDS), 0)
            return Stats(self.last_offset(), read_accounts(self._execute), rows, size)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all questions inside see the log of one moment; a snapshot inside one is a part."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _open(self) -> None:
        try:
            self.inode = self._path.stat().st_ino
        except FileNotFoundError:
            what = f"{self._path}: there is no event log yet"
            raise LogError(what, "start the agent first") from None
        except OSError as error:
            raise LogError(f"{self._path}: {error.strerror}", AS_OWNER) from error
        self._connection = read_only(self._path)
        try:
            self._connection.execute(f"PRAGMA cache_size = -{CACHE}")
            self.id = self._checked(log_id(self._connection))
        except BaseException:
            self._connection.close()
            raise

    def _checked(self, found: str) -> str:
        if self.id and found != self.id:
            raise LogError(f"{self._path} is the log {found}, not {self.id}", OTHER_FILE)
        return found

    def _latest_values(self, device: str) -> Iterator[str]:
        """Yield the JSON of what a device measured, newest first, one from each block at most."""
        for kind, query in (("reading", LATEST_VALUES), ("aggregate", LATEST_THINNED)):
            for after, upto in spans(self._execute, kind, device):  # the oldest are thinned first
                for (values,) in self._execute(query, (device, after, upto)):
                    yield values

    def _execute(self, sql: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()

    def _events(self, rows: str, parameters: tuple[Any, ...]) -> list[LoggedEvent]:
        return read_events(self._execute, rows, parameters)


def _size(file: Path) -> int:
    """Return a file's bytes; none if it has just been removed, as a write-ahead log may be."""
    with suppress(FileNotFoundError):
        return file.stat().st_size
    return 0


def read_stats(path: Path) -> dict[str, Any]:
    """Return the stats of a log as plain values."""
    reader = LogReader(path)
    try:
        return reader.stats().as_dict()
    finally:
        reader.close()
