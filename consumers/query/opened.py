"""A store of the aggregator, opened for reading: in a notebook, or for `edge-consumer query`."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from consumers.aggregate.stores.catalog import file_of, is_server
from consumers.aggregate.stores.duckdb_file import in_memory, in_utc
from consumers.query.file_answers import FileAnswers
from consumers.query.selection import Selection, Time, instant
from consumers.query.server_answers import ServerAnswers
from consumers.state import directory_of

if TYPE_CHECKING:
    import duckdb

Answer: TypeAlias = Callable[[str, Path], None]


class OpenedStore:
    """Answers with relations of DuckDB: `.df()` for pandas, `.pl()` for polars, `.arrow()`."""

    def __init__(self, answer: Answer) -> None:
        """`answer` writes the rows of a SELECT to a Parquet file."""
        self._answer = answer
        self._answers = tempfile.TemporaryDirectory(prefix="edge-consumer-")
        self._names = (Path(self._answers.name) / f"{n}.parquet" for n in count())
        self._memory = in_memory()

    def sql(self, sql: str) -> "duckdb.DuckDBPyRelation":
        """Return the rows of a SELECT over `readings`, `windows` and `events`."""
        answer = next(self._names)
        self._answer(sql, answer)
        own = in_utc(self._memory.cursor())  # batches that are not read yet keep it busy
        return own.read_parquet(str(answer))

    def readings(
        self, channel: str = "", *, node: str = "", since: Time = None, until: Time = None
    ) -> "duckdb.DuckDBPyRelation":
        """Return readings, oldest first.

        `channel` is a name, or `device.name`. A time is a datetime, text such as
        2027-01-15T08:00 in UTC, or how long ago, such as `2h`.
        """
        return self._select(channel, node, since, until, "")

    def windows(
        self,
        length: str = "1h",
        channel: str = "",
        *,
        node: str = "",
        since: Time = None,
        until: Time = None,
    ) -> "duckdb.DuckDBPyRelation":
        """Return windows of a length, 1m, 15m, 1h or 1d, oldest first; see `readings`."""
        return self._select(channel, node, since, until, length)

    def close(self) -> None:
        """Remove what relations refer to."""
        self._memory.close()
        self._answers.cleanup()

    def _select(
        self, channel: str, node: str, since: Time, until: Time, window: str
    ) -> "duckdb.DuckDBPyRelation":
        now = datetime.now(UTC)
        times = instant(since, now), instant(until, now)
        return self.sql(Selection(channel, node, *times, window).sql())


def opened_at(where: str, directory: Path) -> OpenedStore:
    """Return an open store, of the aggregator's `--store` and state directory; raise AgentError."""
    if is_server(where):
        return OpenedStore(ServerAnswers(where).to_parquet)
    return OpenedStore(FileAnswers(file_of(where, directory)).to_parquet)


def open(where: str = "") -> OpenedStore:  # noqa: A001 - `consumers.open` reads well
    """Open a store of the aggregator for reading: a DuckDB file, or a PostgreSQL database.

    By default it is the file in the aggregator's state directory. Raises AgentError if the
    package duckdb is missing, or psycopg for a database.
    """
    return opened_at(where, directory_of("", "aggregate"))
