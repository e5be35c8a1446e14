"""The event log: SQLite in WAL mode, every commit on the disk before it is announced.

`EventLog` writes and belongs to the recorder; `reader.LogReader` reads, with its own connection.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from edge_agent.events import Event
from edge_agent.store.account import Account
from edge_agent.store.connection import BUSY_MS, CHECKPOINT_PAGES, connect
from edge_agent.store.insertion import EventRow, insert_rows
from edge_agent.store.log_connection import LogConnection, Progress, unwatched
from edge_agent.store.mark import MarkFile
from edge_agent.store.migrations import log_id, migrate
from edge_agent.store.oldest import Oldest
from edge_agent.store.open_block import OpenBlock
from edge_agent.store.replacement import inode_at, write_again
from edge_agent.store.saved import read_saved, write_saved
from edge_agent.store.second_look import is_damaged
from edge_agent.store.soundness import verify_tables
from edge_agent.store.untrusted import begin_untrusted, number_of
from edge_agent.store.vacant import VacantOffsets
from edge_agent.store.write_ahead import lengthen, wal_length

FIRST = """
INSERT INTO sqlite_sequence SELECT 'event', 0
WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'event')
"""
SKIP = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'event'"
LAST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'"

_encoder = msgspec.json.Encoder()


class EventLog:
    """The writing side; opened by the main thread, then owned by the recorder's."""

    def __init__(self, path: Path, connection: LogConnection, mark: MarkFile, *, boot: str) -> None:
        self._connection = connection
        self.mark = mark
        self.path, self._wal = path, Path(f"{path}-wal")
        self.inode = path.stat().st_ino
        self.boot = boot
        self._boot_numbers: dict[str, int] = {}
        self.id = log_id(connection)
        self.account = Account(self.execute)
        self.vacant, self._block = VacantOffsets(self.execute), OpenBlock(self.execute)
        self._appended = 0  # the last offset of the open transaction
        self.confirmed_in = 0.0  # s that the disk took for the last commit
        self.oldest = Oldest(self.execute)
        self.last_offset()  # damage to what every commit needs shows here

    @classmethod
    def open(cls, path: Path, *, boot: str) -> "EventLog":
        """Lock, open and migrate; raise LogError, or sqlite3.DatabaseError if it is damaged."""
        mark = MarkFile.lock(path)
        try:
            log = cls.under(mark, path, boot=boot)
            mark.note(boot=boot)
        except BaseException:
            mark.close()
            raise
        return log

    @classmethod
    def under(
        cls, mark: MarkFile, path: Path, *, boot: str, progress: Progress = unwatched
    ) -> "EventLog":
        """Open a log that is locked already; look for what a power cut damages, but for events.

        What takes long calls `progress`.
        """
        mark.lock_database(path)
        connection = connect(path, progress)
        try:
            migrate(connection, str(path))
            if mark.value.checked != boot:
                verify_tables(connection)
            log = cls(path, connection, mark, boot=boot)
            mark.adopt(log.id, log.last_offset())
        except BaseException:
            connection.close()
            raise
        return log

    @contextmanager
    def transaction(self, *, noted: bool = True) -> Iterator[None]:
        """Commit what is done inside, or nothing of it; the disk has it afterwards.

        If it is not `noted`, the mark does not know of it: it is no part of the log yet.
        Raises LogError if this process is not the only writer any more.
        """
        self.mark.ensure_locked()
        if self._connection.in_transaction:  # the last one could not even be rolled back
            self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")
        self._appended = 0
        try:
            yield
            self._commit()
            if noted:
                self.mark.gave(self._appended)
        except BaseException:
            self._boot_numbers = {}
            if self._connection.in_transaction:  # a full disk has rolled back already
                self._connection.execute("ROLLBACK")
            raise

    def append(self, events: Iterable[Event], *, boot: str = "") -> int:
        """Insert events in order, of another `boot` if it is given; return the last offset.

        Raises OSError if the offsets cannot be reserved.
        """
        return self.insert([self._row(event, boot or self.boot) for event in events])

    def insert(self, rows: Sequence[EventRow]) -> int:
        """Insert rows in order; return the last offset. Raises OSError as `append` does."""
        insert_rows(self._connection, rows)
        self._appended = self.last_offset()
        self.mark.reserve(self._appended)
        self._block.add(rows, self._appended)
        return self._appended

    def skip_to(self, offset: int) -> None:
        """Let the next event have the offset behind this one."""
        self._connection.execute(FIRST)
        self._connection.execute(SKIP, (offset,))

    def save_state(self, name: str, data: str) -> None:
        """Keep JSON under a name, in place of what was there."""
        write_saved(self.execute, name, data)

    def saved_state(self, name: str) -> str | None:
        """Return the JSON that is kept under a name."""
        return read_saved(self.execute, name)

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        return int(self._connection.execute(LAST).fetchone()[0])

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of the account, of retention or of salvage."""
        return self._connection.execute(sql, parameters).fetchall()

    def report_progress_to(self, progress: Progress) -> None:
        """Call `progress` from now on while something takes long: the log has a new owner."""
        self._connection.report_progress_to(progress)

    def limit_wal(self, size: int) -> None:
        """Fold the write-ahead log into the database, and cut it, beyond about `size` bytes.

        Its file is made as long as it gets.
        """
        page_size = int(self.execute("PRAGMA page_size")[0][0])
        pages = min(max(size // page_size, 1), CHECKPOINT_PAGES)
        self.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        self.execute(f"PRAGMA journal_size_limit = {size}")
        lengthen(self._wal, min(wal_length(pages, page_size), size))

    def cut_wal(self, size: int) -> None:
        """Fold a write-ahead log of more than `size` bytes in at once, unless it is being read."""
        if self.wal_size() > size:
            self.execute("PRAGMA busy_timeout = 0")
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def forget_boots(self) -> None:
        """Note again where untrusted events begin when the next ones come."""
        self._boot_numbers = {}

    def is_blank(self) -> bool:
        """Return whether no agent has recorded anything yet."""
        return self.last_offset() == 0 and not self.execute("SELECT 1 FROM account")

    @property
    def checked(self) -> bool:
        """Return whether the whole log was found sound in this boot."""
        return self.mark.value.checked == self.boot

    def wal_size(self) -> int:
        """Return the bytes of the write-ahead log."""
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        """Give the database back, its write-ahead log folded in, and note where it ends."""
        with suppress(sqlite3.Error):
            self.note_end()
        self.disconnect()
        self.mark.close()

    def note_end(self) -> None:
        """Note in the mark where the log ends: everything is committed."""
        last = self.last_offset()
        self.mark.note(reserved=last, given=last, closed=True)

    def abandon(self) -> None:
        """Give back a database that may be damaged: where it ends is not known."""
        self.disconnect()
        self.mark.close()

    def is_in_place(self) -> bool:
        """Return whether the file that is open is still the one at the log's path."""
        return inode_at(self.path) == self.inode

    def left_its_place(self) -> bool:
        """Return whether another file is in its place, or none; write it to a new one then."""
        if self.is_in_place():
            return False
        write_again(self.path, self._connection)
        self.abandon()
        return True

    def is_damaged(self, error: Exception) -> bool:
        """Return whether an error calls the log damaged, and a second look does, too."""
        return is_damaged(self.path, self.mark.database, error, self._connection.progress)

    def disconnect(self) -> None:
        """Give the database back and stay its only writer."""
        self._connection.close()

    def _commit(self) -> None:
        began = monotonic()
        self._connection.execute("COMMIT")
        self.confirmed_in = monotonic() - began

    def _row(self, event: Event, boot: str) -> EventRow:
        time, uptime, trusted = event.moment
        data = _encoder.encode(event.data).decode()
        if trusted:
            return (time, None, None, event.kind, event.source, data)
        return (time, self._number_of(boot), uptime, event.kind, event.source, data)

    def _number_of(self, boot: str) -> int:
        if boot not in self._boot_numbers:
            own = boot == self.boot
            number = begin_untrusted(self.execute, boot, self.last_offset()) if own else None
            self._boot_numbers[boot] = number or number_of(self.execute, boot)
        return self._boot_numbers[boot]
