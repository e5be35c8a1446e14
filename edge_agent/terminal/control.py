"""Takes lines from the terminal and from other programs while the agent runs, and answers them."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from edge_agent.terminal.control_socket import ControlSocket
from edge_agent.terminal.line_buffer import LineBuffer
from edge_agent.terminal.line_sources import LineSource

POLL_SECONDS = 0.05  # a source's lines are answered one per poll: 20 a second
STOP_SECONDS = 2.0


class Dialog:
    """One source of lines and the answers to them."""

    def __init__(self, source: LineSource, execute: Callable[[str], str]) -> None:
        self._source = source
        self._execute = execute
        self._buffer = LineBuffer()
        self._ended = False

    def poll(self) -> bool:
        """Answer at most one line; return whether more can come."""
        try:
            self._read()
            if answer := self._answer():
                self._source.answer(answer)
        except OSError:  # the terminal or the client is gone
            return False
        return not self._ended or self._buffer.has_line()

    def close(self) -> None:
        """Close the source."""
        with suppress(OSError):
            self._source.close()

    def _read(self) -> None:
        if self._ended or self._buffer.has_line():
            return
        portion = self._source.read()
        if portion is not None:
            self._buffer.feed(portion)
            self._ended = not portion

    def _answer(self) -> str:
        try:
            line = self._buffer.take()
            return self._execute(line) if line else ""
        except TimeoutError:
            return "error: the simulation has ended"
        except ValueError as error:
            return f"error: {error}"


class ControlThread:
    """Polls the terminal and the clients of a socket.

    `execute` carries out one line and returns the answer, or raises ValueError.
    """

    def __init__(
        self,
        execute: Callable[[str], str],
        terminal: LineSource,
        listener: ControlSocket | None,
    ) -> None:
        self._execute = execute
        self._listener = listener
        self._terminal = [Dialog(terminal, execute)]
        self._clients: list[Dialog] = []
        self._stop: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        """Begin to take lines."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.put(None)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            while not self._stopped():
                self._poll()
        finally:
            for dialog in self._terminal + self._clients:
                dialog.close()
            if self._listener:
                self._listener.close()

    def _stopped(self) -> bool:
        try:
            self._stop.get(timeout=POLL_SECONDS)
        except Empty:
            return False
        return True

    def _poll(self) -> None:
        if self._listener and (client := self._listener.accept(len(self._clients))):
            self._clients.append(Dialog(client, self._execute))
        self._terminal = _still_open(self._terminal)
        self._clients = _still_open(self._clients)


def _still_open(dialogs: list[Dialog]) -> list[Dialog]:
    going_on = []
    for dialog in dialogs:
        if dialog.poll():
            going_on.append(dialog)
        else:
            dialog.close()
    return going_on
