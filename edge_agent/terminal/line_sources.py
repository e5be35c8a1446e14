"""Where lines come from while the program runs: standard input, and clients of a socket."""

import os
import select
import socket
from collections.abc import Callable
from typing import Protocol

from edge_agent.terminal.line_buffer import PORTION_BYTES


class LineSource(Protocol):
    """A source of bytes that never blocks, and the place for answers."""

    def read(self) -> bytes | None:
        """Return the bytes that have arrived, None if there are none now, b"" at the end."""
        ...

    def answer(self, text: str) -> None:
        """Show an answer; raise OSError if the source is gone."""
        ...

    def close(self) -> None:
        """Release what the source holds."""
        ...


class StandardInput:
    """A terminal in its usual mode, a pipe or a file."""

    def __init__(self, file: int, show: Callable[[str], None]) -> None:
        self._file = file
        self.answer = show

    def read(self) -> bytes | None:
        """Return what was typed or written."""
        return read_ready(self._file)

    def close(self) -> None:
        """Do nothing: standard input stays open."""


class ControlClient:
    """A program that is connected to the control socket; an empty line ends each answer."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)

    def read(self) -> bytes | None:
        """Return what the client has sent."""
        try:
            return self._connection.recv(PORTION_BYTES)
        except BlockingIOError:
            return None

    def answer(self, text: str) -> None:
        """Send an answer; raise OSError if the client does not read its answers."""
        self._connection.sendall(f"{text}\n\n".encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def read_ready(file: int) -> bytes | None:
    """Read what has arrived, without waiting; from a terminal only in the foreground."""
    if os.isatty(file) and not in_foreground(file):
        return None  # reading would stop the process
    readable, _, _ = select.select([file], [], [], 0)
    return os.read(file, PORTION_BYTES) if readable else None


def in_foreground(terminal: int) -> bool:
    """Return whether the process may read from its terminal: a shell's `&` takes that away."""
    return os.tcgetpgrp(terminal) == os.getpgrp()
