"""The last lines of the agent's log, and those that come: no secret is ever logged."""

import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

import msgspec

KEPT = 300  # lines
LENGTH = 1000  # characters of one; the rest of it is in the log itself
HELD = 1000  # lines in the inbox, if the web thread is late
FIELDS = ("device", "rule", "sink", "event")


class LogLine(msgspec.Struct, frozen=True):
    """One line; `time` in µs since 1970, `about` is what it is about, such as a sink."""

    time: int
    level: str
    text: str
    logger: str
    about: dict[str, str]


class LineHandler(logging.Handler):
    """Hands lines over without waiting; beyond `HELD` they are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox: SimpleQueue[LogLine] = SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line, in the thread that logs it."""
        if self.inbox.qsize() < HELD:
            try:
                self.inbox.put(_line(record))
            except Exception:  # noqa: BLE001 - as every handler does
                self.handleError(record)


class LineBook:
    """Keeps the last lines; the web thread alone uses it.

    `last` is replaced whole: any thread may read it.
    """

    def __init__(self, inbox: "SimpleQueue[LogLine]") -> None:
        self._inbox = inbox
        self._kept: deque[LogLine] = deque(maxlen=KEPT)
        self.last: Sequence[LogLine] = ()

    def fresh(self) -> Sequence[LogLine]:
        """Return what has come since the last call, oldest first."""
        found: list[LogLine] = []
        with suppress(Empty):
            while len(found) < HELD:
                found.append(self._inbox.get_nowait())
        if found:
            self._kept.extend(found)
            self.last = tuple(self._kept)
        return found


def _line(record: logging.LogRecord) -> LogLine:
    about = {name: str(vars(record)[name]) for name in FIELDS if name in vars(record)}
    text = record.getMessage()
    text = text if len(text) <= LENGTH else f"{text[:LENGTH]} …"
    level = record.levelname.lower()
    return LogLine(round(record.created * 1e6), level, text, record.name, about)
