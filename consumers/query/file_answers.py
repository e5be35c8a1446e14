"""Answers from a DuckDB file, which another process may have open."""

import socket
from pathlib import Path

import msgspec

from consumers.aggregate.stores.duckdb_file import FileInUse, connected
from consumers.query.questions import LONGEST, address_beside
from consumers.query.select import to_parquet
from consumers.source import SourceUnavailable
from edge_agent.errors import AgentError

NO_STORE = "run `edge-consumer aggregate` first, or name the file of another store"


class FileAnswers:
    """Holds the file during a query only, so the aggregator can write it at any time.

    While the aggregator has the file, it answers itself.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def to_parquet(self, sql: str, answer: Path) -> None:
        """Write the rows of one SELECT to a file; raise AgentError."""
        if not self._path.exists():
            raise SourceUnavailable(f"{self._path}: there is no store yet", NO_STORE)
        try:
            with connected(self._path, read_only=True) as connection:
                to_parquet(connection, sql, answer)
        except FileInUse as error:
            self._ask(sql, answer, error)

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
