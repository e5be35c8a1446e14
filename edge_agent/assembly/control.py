"""What other threads ask of the main thread: to stop, or to do what only it may do."""

from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

import msgspec

from edge_agent.evaluate.commands.command import Command, Reload

STOP = ""  # any other text is the name of a thread that failed


class MainRequest(NamedTuple):
    """What the main thread does for a command; `key` identifies the command at its end."""

    command: Command
    key: str

    def asks_the_same(self, other: "MainRequest") -> bool:
        """Return whether doing one does the other too."""
        mine, its = (
            msgspec.structs.replace(one.command, id="", expires=None) for one in (self, other)
        )
        return mine == its


RELOAD = MainRequest(Reload(), "")  # for a signal


class Control:
    """A queue from any thread, or a signal, to the main thread; to stop comes before the rest."""

    def __init__(self) -> None:
        self._inbox: SimpleQueue[str | MainRequest] = SimpleQueue()
        self.put = self._inbox.put
        self._waiting: list[MainRequest] = []
        self._stop: str | None = None

    def take(self, wait: float) -> str | list[MainRequest]:
        """Wait up to `wait` seconds; return a text to stop, or requests that ask the same.

        Requests that came while another one was carried out are carried out once, together.
        """
        self._collect(0.0 if self._waiting else wait)
        if self._stop is not None:
            return self._stop
        same = [one for one in self._waiting if one.asks_the_same(self._waiting[0])]
        self._waiting = [one for one in self._waiting if one not in same]
        return same

    def stopping(self) -> bool:
        """Return whether to stop, without waiting; the main thread asks while it is busy."""
        self._collect(0.0)
        return self._stop is not None

    def _collect(self, wait: float) -> None:
        with suppress(Empty):
            self._sort(self._inbox.get(timeout=wait))
            for _ in range(self._inbox.qsize()):
                self._sort(self._inbox.get_nowait())

    def _sort(self, item: str | MainRequest) -> None:
        if isinstance(item, MainRequest):
            self._waiting.append(item)
        elif self._stop is None:
            self._stop = item
