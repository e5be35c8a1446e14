"""The store in one DuckDB file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.aggregate.group import EventGroup
from consumers.aggregate.stores import duckdb_schema as schema
from consumers.aggregate.stores.duckdb_file import connected, in_utc
from consumers.aggregate.stores.series_numbers import ReadingRow, SeriesNumbers
from consumers.aggregate.stores.tables import Tables
from consumers.aggregate.windows import Windows
from consumers.inbox.progress import DoneRange, ProgressChanges
from consumers.query.answers import AnswerServer

if TYPE_CHECKING:
    import duckdb


class DuckdbStore:
    """Appends rows, and merges windows; there is no index, for the file has one writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._answers: AnswerServer | None = None
        self._tables = Tables(self._execute, schema)
        self._series = SeriesNumbers(self._tables.find, 0)

    def __str__(self) -> str:
        return str(self._path)

    @property
    def connection(self) -> "duckdb.DuckDBPyConnection":
        """Return the connection of an open store."""
        assert self._connection is not None  # noqa: S101 - for mypy: `open` comes first
        return self._connection

    def open(self) -> None:
        """Open the file, or create it; raise AgentError."""
        self._connection = connected(self._path)
        self.connection.execute(schema.SCHEMA)
        self._series = self._tables.series()
        self._answers = AnswerServer(self._path, in_utc(self.connection.cursor()))
        self._answers.start()

    def name(self, proposal: str) -> str:
        """Return the store's own name; it gets the proposed one if it has none yet."""
        row = self.connection.execute(schema.NAME).fetchone()
        if row is None:
            self.connection.execute(schema.SET_NAME, [proposal])
        return proposal if row is None else str(row[0])

    def load(self) -> Iterable[DoneRange]:
        """Return the ranges of offsets that were committed."""
        return map(DoneRange._make, self.connection.execute(schema.DONE).fetchall())

    def untimed(self) -> Iterable[tuple[str, int]]:
        """Return log and offset of the events that wait for their time."""
        return self.connection.execute(schema.UNTIMED).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what is done inside, or nothing; the disk has it afterwards."""
        self.connection.begin()
        try:
            yield
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            self._series = self._tables.series()
            raise

    def add(self, group: EventGroup, timed: Iterable[tuple[str, int]]) -> None:
        """Add rows in the transaction that is open."""
        self._append("series", self._series.new_rows(group, group.summaries))
        self._add_readings(self._series.reading_rows(group))
        self._append("events", group.events)
        self._append("untimed", group.untimed)
        self._merge(group.summaries)
        for each in group.thinned:
            self._merge(self._tables.less(each))
        for id_ in timed:
            self.connection.execute(schema.FORGET_UNTIMED, id_)

    def save(self, changes: ProgressChanges) -> None:
        """Store changes of the ranges, in the transaction that is open."""
        gone = [(log, first, None) for log, first in changes.gone]
        self._fresh("done", [*gone, *changes.grown], schema.MERGE_DONE)

    def expire(self, before: Mapping[str, datetime]) -> None:
        """Delete what is older: READINGS, EVENTS, and windows by the name of their length."""
        with self.transaction():
            self._tables.expire(before)

    def close(self) -> None:
        """Give the file back; a second time does nothing."""
        if self._answers is not None:
            self._answers.close()
        if self._connection is not None:
            self._connection.close()
        self._answers = self._connection = None

    def _execute(self, sql: str, values: Sequence[object]) -> "duckdb.DuckDBPyConnection":
        return self.connection.execute(sql, values)

    def _append(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            with self.connection.appender(table) as appender:
                appender.append_rows(rows)

    def _add_readings(self, rows: Sequence[ReadingRow]) -> None:
        """Add readings, and what they come to, to their windows."""
        statements = schema.ADD_READINGS, schema.MINUTES, schema.FRESH_WINDOWS, schema.MERGE_WINDOWS
        self._fresh("series_readings", rows, *statements)

    def _merge(self, windows: Windows) -> None:
        self._fresh("series_windows", self._series.window_rows(windows), schema.MERGE_WINDOWS)

    def _fresh(self, table: str, rows: Sequence[Sequence[object]], *statements: str) -> None:
        """Execute statements beside a table `fresh` with rows as another table has them."""
        if rows:
            self.connection.execute(schema.FRESH.format(table))
            self._append("fresh", rows)
            for statement in statements:
                self.connection.execute(statement)
