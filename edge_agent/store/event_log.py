"""The event log: SQLite in WAL mode, every commit on the disk before anybody hears of it.

`EventLog` writes and belongs to the recorder; `reader.LogReader` reads, with its own connection.

Python's sqlite3 gives the interpreter away at every row; with a busy thread beside it, a row then
costs up to 5 ms. So a group of rows travels as one JSON array, in one statement, either way.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlite_utils import Database

from edge_agent.clock import Moment
from edge_agent.errors import LogError
from edge_agent.events import Event
from edge_agent.store.account import Account
from edge_agent.store.migrations import migrate
from edge_agent.store.soundness import verify

INSERT = """
INSERT INTO event (time, boot, uptime, kind, source, data)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?)
"""
SAVE = """
INSERT INTO saved_state VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data
"""
REPAIR = """
UPDATE event SET time = uptime + ?, boot = NULL, uptime = NULL
WHERE boot = (SELECT number FROM boot WHERE id = ?)
"""
NOT_GAPS = """
SELECT "offset" FROM event
WHERE "offset" IN (SELECT value FROM json_each(?)) AND kind != 'gap' ORDER BY "offset"
"""
# A commit rewrites whole pages: with 1 kB, ten events cost an SD card half of what 4 kB would.
PAGE_SIZE = 1024
CHECKPOINT_PAGES = 4000
LAST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'"

EventRow = tuple[int, int | None, int | None, str, str, str]
_encoder = msgspec.json.Encoder()


class EventLog:
    """The writing side; opened by the main thread, then owned by the recorder's."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: IO[bytes], *, boot: str
    ) -> None:
        self._connection = connection
        self._lock = lock
        self.inode = path.stat().st_ino
        self._boot = boot
        self._boot_number: int | None = None
        self.id = log_id(connection)
        self.account = Account(self.execute)
        self.last_offset()  # damage to what every commit needs shows here

    @classmethod
    def open(cls, path: Path, *, boot: str) -> "EventLog":
        """Lock, open and migrate; raise LogError, or sqlite3.DatabaseError where it is damaged.

        What a power cut may have damaged is looked for once in a boot.
        """
        lock = lock_file(path)
        try:
            connection = connect(path)
            migrate(Database(connection, execute_plugins=False), str(path))
            if lock.read() != boot.encode():
                verify(connection)
                mark(lock, boot)
            return cls(path, connection, lock, boot=boot)
        except BaseException:
            lock.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what is done inside, or nothing of it; the disk has it afterwards."""
        if self._connection.in_transaction:  # the last one could not even be rolled back
            self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._boot_number = None
            if self._connection.in_transaction:  # a full disk has rolled back by itself
                self._connection.execute("ROLLBACK")
            raise

    def append(self, events: Iterable[Event]) -> int:
        """Insert events in order; return the last offset."""
        rows = [self._row(event) for event in events]
        self._connection.execute(INSERT, (_encoder.encode(rows).decode(),))
        return self.last_offset()

    def save_state(self, name: str, data: str) -> None:
        """Keep JSON under a name, in place of what was there."""
        self._connection.execute(SAVE, (name, data))

    def repair_times(self, now: Moment) -> int:
        """Give this boot's untrusted events their true time; return how many."""
        return self._connection.execute(REPAIR, (now.time - now.uptime, self._boot)).rowcount

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        return int(self._connection.execute(LAST).fetchone()[0])

    def without_gaps(self, offsets: Iterable[int]) -> list[int]:
        """Return the offsets, ascending, without those of gap events."""
        wanted = _encoder.encode(list(offsets)).decode()
        return [row[0] for row in self._connection.execute(NOT_GAPS, (wanted,))]

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of the account, of retention or of salvage."""
        return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Give the database back, its write-ahead log folded in."""
        self._connection.close()
        self._lock.close()

    def _row(self, event: Event) -> EventRow:
        time, uptime, trusted = event.moment
        data = _encoder.encode(event.data).decode()
        if trusted:
            return (time, None, None, event.kind, event.source, data)
        return (time, self._number_of_boot(), uptime, event.kind, event.source, data)

    def _number_of_boot(self) -> int:
        if self._boot_number is None:
            self._connection.execute("INSERT OR IGNORE INTO boot (id) VALUES (?)", (self._boot,))
            query = "SELECT number FROM boot WHERE id = ?"
            self._boot_number = self._connection.execute(query, (self._boot,)).fetchone()[0]
        return self._boot_number


def log_id(connection: sqlite3.Connection) -> str:
    """Return the database's random id."""
    return str(connection.execute("SELECT id FROM log").fetchone()[0])


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing with our settings; raise LogError where the place does not allow it."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        raise LogError(
            f"{path}: {error}",
            "the file and its directory must be writable for this user, on a disk with room",
        ) from error
    connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses commits at a power cut
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def lock_file(path: Path) -> IO[bytes]:
    """Make this process the log's only writer; raise LogError where another one is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Path(f"{path}.lock").open("a+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise LogError(
            f"{path}: cannot write to {path.parent}: {os.strerror(error.errno or 0)}",
            "choose another place with --set log.path=…, or make this one writable",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise LogError(
            f"{path}: another edge-agent writes this log",
            "stop it (`systemctl stop edge-agent`), or choose another with --set log.path=…",
        ) from error
    lock.seek(0)
    return lock


def mark(lock: IO[bytes], boot: str) -> None:
    """Note in the lock's file the boot in which the log was found sound, if the disk has room."""
    with suppress(OSError):
        lock.truncate(0)
        lock.write(boot.encode())
