"""Answers questions about a DuckDB file in the process that writes it."""

import logging
import os
import socket
import tempfile
import threading
from contextlib import suppress
from io import BufferedRWPair
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from consumers.query.questions import LONGEST, address_beside
from consumers.query.select import to_parquet
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import duckdb

STEP = 0.5  # s between two attempts to interrupt a query at the end
PATIENCE = 10.0  # s with a client that neither asks nor reads
OWNER_ONLY = 0o177

_logger = logging.getLogger(__name__)


class AnswerServer:
    """A thread with a connection of its own; it answers one question after another."""

    def __init__(self, path: Path, connection: "duckdb.DuckDBPyConnection") -> None:
        """`path` is the file of the connection, which belongs to the thread from now on."""
        self._path = path
        self._connection = connection
        self._stop = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._run, name="answers")

    def start(self) -> None:
        """Listen; only this user can connect."""
        before = os.umask(OWNER_ONLY)
        try:
            with address_beside(self._path) as address:
                Path(address).unlink(missing_ok=True)  # of a process that was killed
                self._socket.bind(address)
        finally:
            os.umask(before)
        self._socket.listen()
        self._thread.start()

    def close(self) -> None:
        """End, also in the middle of a question."""
        self._stop.set()
        if self._thread.is_alive():
            self._socket.shutdown(socket.SHUT_RDWR)  # no question comes any more
        while self._thread.is_alive():
            self._connection.interrupt()
            self._thread.join(STEP)
        self._socket.close()
        with address_beside(self._path) as address:
            Path(address).unlink(missing_ok=True)
        self._connection.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError):  # no question, or its sender has gone
                client, _ = self._socket.accept()
                client.settimeout(PATIENCE)
                with client, client.makefile("rwb") as stream:
                    self._answer(stream)

    def _answer(self, stream: BufferedRWPair) -> None:
        with tempfile.TemporaryDirectory(dir=self._path.parent) as directory:
            found = Path(directory) / "answer.parquet"
            try:
                question = msgspec.json.decode(stream.readline(LONGEST), type=dict[str, str])
                to_parquet(self._connection, question.get("sql", ""), found)
                answer: dict[str, str | int] = {"size": found.stat().st_size}
            except (AgentError, msgspec.MsgspecError) as error:
                answer = {"error": str(error)}
            stream.write(msgspec.json.encode(answer) + b"\n")
            if "size" in answer:
                with found.open("rb") as file:
                    while part := file.read(LONGEST):
                        stream.write(part)
            stream.flush()
