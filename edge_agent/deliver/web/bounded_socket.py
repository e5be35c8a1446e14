"""A socket for http.client whose waits and answers all have an end."""

import io
import select
import ssl
from collections.abc import Callable
from http.client import HTTPException
from socket import socket
from typing import TypeVar

from edge_agent.deliver.web.patience import Patience

LARGEST_ANSWER = 200_000  # bytes: status, headers and body

Result = TypeVar("Result")


class BoundedSocket:
    """A connected, non-blocking socket; every wait and every answer is bounded."""

    def __init__(self, sock: socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def sendall(self, data: bytes) -> None:
        """Send everything; http.client calls it."""
        view = memoryview(data)
        while view:
            view = view[self.patiently(self._sock.send, view, write=True) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader of one answer; http.client calls it."""
        return io.BufferedReader(AnswerReader(self))

    def receive_into(self, buffer: memoryview) -> int:
        """Fill a buffer with what has come; return the count, 0 at the end."""
        return self.patiently(self._sock.recv_into, buffer)

    def patiently(
        self, call: Callable[[memoryview], Result], data: memoryview, *, write: bool = False
    ) -> Result:
        """Call until the socket does not ask to wait; return the result."""
        while True:
            self._patience.left()  # a server that never pauses must not escape the deadline
            try:
                return call(data)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
                plain = isinstance(error, BlockingIOError)
                writes = write if plain else isinstance(error, ssl.SSLWantWriteError)
                self._patience.wait(self._sock, write=writes)

    def is_quiet(self) -> bool:
        """Return whether the server has neither closed the connection nor sent something."""
        return not select.select([self._sock], [], [], 0)[0]

    def close(self) -> None:
        """Do nothing: http.client calls it although the body of an answer is still to be read."""

    def end(self) -> None:
        """Close the socket."""
        self._sock.close()


class AnswerReader(io.RawIOBase):
    """The bytes of one answer, up to the limit; closing it leaves the socket open."""

    def __init__(self, sock: BoundedSocket) -> None:
        self._sock = sock
        self._left = LARGEST_ANSWER

    def readable(self) -> bool:
        """Return True: it is there to be read."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Read what has come; raise HTTPException beyond the limit."""
        count = self._sock.receive_into(memoryview(buffer))
        self._left -= count
        if self._left < 0:
            raise HTTPException("too long")
        return count
