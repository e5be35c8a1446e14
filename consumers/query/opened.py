"""A store of the aggregator, opened for reading: in a notebook, or for `edge-consumer query`."""

import socket
import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from consumers.aggregate.stores.catalog import directory_of, file_of
from consumers.aggregate.stores.duckdb_file import FileInUse, connected, in_memory
from consumers.query.questions import LONGEST, address_beside
from consumers.query.select import to_parquet
from consumers.query.selection import Selection, Time, instant
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import duckdb


class OpenedStore:
    """Answers with relations of DuckDB: `.df()` for pandas, `.pl()` for polars, `.arrow()`.

    The file is held during a query only, so the aggregator can write it at any time. While the
    aggregator has it, it answers itself.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers = tempfile.TemporaryDirectory(prefix="edge-consumer-")
        self._names = (Path(self._answers.name) / f"{n}.parquet" for n in count())
        self._memory = in_memory()

    def sql(self, sql: str) -> "duckdb.DuckDBPyRelation":
        """Return the rows of a SELECT over `readings`, `windows` and `events`."""
        answer = next(self._names)
        try:
            with connected(self._path, read_only=True) as connection:
                to_parquet(connection, sql, answer)
        except FileInUse as error:
            self._ask(sql, answer, error)
        return self._memory.read_parquet(str(answer))

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

    def _ask(self, sql: str, answer: Path, in_use: FileInUse) -> None:
        """Let the process that has the file answer."""
        with address_beside(self._path) as address, socket.socket(socket.AF_UNIX) as asked:
            try:
                asked.connect(address)
            except OSError:
                raise in_use from None
            with asked.makefile("rwb") as stream:
                stream.write(msgspec.json.encode({"sql": sql}) + b"\n")
                stream.flush()
                head = msgspec.json.decode(stream.readline(LONGEST))
                if "error" in head:
                    raise AgentError(head["error"])
                with answer.open("wb") as file:
                    while part := stream.read(LONGEST):
                        file.write(part)
        if answer.stat().st_size != head["size"]:
            raise AgentError("the aggregator ended while it answered", "ask again")


def open(path: str = "") -> OpenedStore:  # noqa: A001 - `consumers.open` reads well
    """Open a DuckDB file of the aggregator for reading, by default the one in its state directory.

    Raises AgentError if the package duckdb is missing.
    """
    return OpenedStore(file_of(path, directory_of()))
