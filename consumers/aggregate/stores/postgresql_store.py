"""The store in a PostgreSQL database; with TimescaleDB in it, the readings are a hypertable."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from consumers.aggregate.group import EventGroup
from consumers.aggregate.stores import postgresql_schema as schema
from consumers.aggregate.stores.postgresql_connection import failures
from consumers.aggregate.stores.postgresql_driver import shown
from consumers.aggregate.stores.postgresql_session import WriterSession
from consumers.aggregate.stores.series_numbers import SeriesNumbers
from consumers.aggregate.stores.tables import Tables
from consumers.aggregate.windows import Windows
from consumers.inbox.progress import DoneRange, ProgressChanges

if TYPE_CHECKING:
    import psycopg


class PostgresqlStore:
    """Copies rows, and merges windows; one aggregator at a time writes a database."""

    def __init__(self, url: str) -> None:
        """`url` is one of libpq, such as postgresql://user@host/database."""
        self._url = url
        self._session = WriterSession(url)
        self._tables = Tables(self._execute, schema)
        self._series = SeriesNumbers(self._tables.find, 0)
        self._is_in_doubt = False  # the last transaction failed: it may have been kept
        self._is_kept = False  # it was, so the one that is open does nothing

    def __str__(self) -> str:
        return shown(self._url)

    @property
    def connection(self) -> "psycopg.Connection":
        """Return the connection of an open store."""
        return self._session.connection

    def open(self) -> None:
        """Create what is missing; raise StoreUnavailable, or AgentError."""
        with failures(self._url):
            self._session.open()
            self._series = self._tables.series()

    def name(self, proposal: str) -> str:
        """Return the store's own name; it gets the proposed one if it has none yet."""
        with failures(self._url):
            row = self.connection.execute(schema.NAME).fetchone()
            if row is None:
                self.connection.execute(schema.SET_NAME, [proposal])
        return proposal if row is None else str(row[0])

    def load(self) -> Iterable[DoneRange]:
        """Return the ranges of offsets that were committed."""
        with failures(self._url):
            return list(map(DoneRange._make, self.connection.execute(schema.DONE).fetchall()))

    def untimed(self) -> Iterable[tuple[str, int]]:
        """Return log and offset of the events that wait for their time."""
        with failures(self._url):
            rows = self.connection.execute(schema.UNTIMED).fetchall()
        return [(log, offset) for log, offset in rows]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what is done inside, or nothing; the disk has it afterwards.

        After StoreUnavailable it must be repeated: it does nothing if it was kept after all.
        """
        with failures(self._url):
            if self._is_in_doubt:
                self._is_kept = self._session.resumed()
                self._series = self._tables.series()
            self._is_in_doubt = True
            with nullcontext() if self._is_kept else self._session.transaction():
                yield
            self._is_in_doubt = self._is_kept = False

    def add(self, group: EventGroup, timed: Iterable[tuple[str, int]]) -> None:
        """Add rows in the transaction that is open."""
        if self._is_kept:
            return
        windows = group.windows()
        self._copy(schema.COPY_SERIES, self._series.new_rows(group, windows))
        self._copy(schema.COPY_READINGS, self._series.reading_rows(group))
        self._copy(schema.COPY_EVENTS, group.events)
        self._copy(schema.COPY_UNTIMED, group.untimed)
        self._merge(windows)
        for each in group.thinned:
            self._merge(self._tables.less(each))
        self._send(schema.FORGET_UNTIMED, list(timed))

    def save(self, changes: ProgressChanges) -> None:
        """Store changes of the ranges, in the transaction that is open."""
        if not self._is_kept:
            self._send(schema.FORGET_DONE, changes.gone)
            self._send(schema.MERGE_DONE, changes.grown)

    def expire(self, before: Mapping[str, datetime]) -> None:
        """Delete what is older: READINGS, EVENTS, and windows by the name of their length."""
        with self.transaction():
            self._tables.expire({} if self._is_kept else before)

    def close(self) -> None:
        """Give the connection back; a second time does nothing."""
        self._session.close()

    def _execute(self, sql: str, values: Sequence[object]) -> "psycopg.Cursor":
        return self.connection.execute(sql, values)

    def _merge(self, windows: Windows) -> None:
        self._send(schema.MERGE_WINDOWS, self._series.window_rows(windows))

    def _copy(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)

    def _send(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement with an array of each column of the rows, if there are any."""
        if rows:
            self.connection.execute(statement, [list(each) for each in zip(*rows, strict=True)])
