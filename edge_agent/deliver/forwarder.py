"""The forwarder: one thread that carries the log to one sink.

It reads behind the cursor, delivers, and tells the recorder how far the sink owns the events. It
never deletes anything; after a restart it goes on where the committed cursor stands.
"""

import logging
import sqlite3
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Literal, Protocol, TypeAlias

from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.sink import Sink
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import CursorMove, LoggedEvent

CHUNK = 1000  # events read at once: a batch costs some memory, a short one costs speed
IDLE = 5.0
DRAIN_SECONDS = 1.0

ForwarderNews: TypeAlias = int | Literal["retry"] | None
_logger = logging.getLogger(__name__)


class EventReader(Protocol):
    """The event log, as far as a forwarder reads it."""

    inode: int

    def read_after(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events behind `offset`, oldest first."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Forwarder:
    """Delivers to `sink` what lies behind `cursor`, until None comes through `inbox`.

    The inbox takes the log's last offset after each commit, and "retry" when the sink is back.
    """

    def __init__(
        self,
        sink: Sink,
        inbox: "SimpleQueue[ForwarderNews]",
        *,
        open_reader: Callable[[], EventReader],
        cursor: int,
        commit: Callable[[CursorMove], None],
        damaged: Callable[[str, int], None],
        clock: Clock,
        backoff: Backoff,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._sink = sink
        self._inbox = inbox
        self._open_reader = open_reader
        self._reader: EventReader | None = None
        self._cursor = cursor
        self._last = cursor
        self._commit = commit
        self._damaged = damaged
        self._clock = clock
        self._backoff = backoff
        self._progress = progress
        self._retry_at = 0.0
        self._stopping = False

    def run(self) -> None:
        """Deliver until told to stop, and then for a moment what is left."""
        while not self._stopping:
            self.step(self._wait())
        deadline = self._clock.monotonic() + DRAIN_SECONDS
        while self._wait() <= 0 and self._clock.monotonic() < deadline:
            self._forward()
        self._close()

    def step(self, wait: float) -> None:
        """Take the news that arrive within `wait` seconds, then deliver what may be delivered."""
        self._progress()
        try:
            self._take(self._inbox.get(timeout=wait))
            while True:
                self._take(self._inbox.get_nowait())
        except Empty:
            pass
        if not self._stopping and self._wait() <= 0:
            self._forward()

    def _take(self, news: ForwarderNews) -> None:
        if news is None:
            self._stopping = True
        elif news == "retry":
            self._retry_at = 0.0
        else:
            self._last = max(self._last, news)

    def _wait(self) -> float:
        if self._last <= self._cursor:
            return IDLE
        return min(max(self._retry_at - self._clock.monotonic(), 0.0), IDLE)

    def _forward(self) -> None:
        try:
            self._reader = self._reader or self._open_reader()
            self._deliver(self._reader.read_after(self._cursor, CHUNK))
        except SinkUnavailable as error:
            self._postpone(f"{self._sink.name} is unavailable: {error}")
        except sqlite3.Error as error:
            if self._reader is not None:
                self._damaged(str(error), self._reader.inode)
            self._close()
            self._postpone(f"the event log cannot be read: {error}")

    def _deliver(self, batch: list[LoggedEvent]) -> None:
        if not batch:  # what the recorder announced was trimmed since, and told in a gap event
            self._cursor = self._last
            return
        refused: dict[int, str] = {}
        try:
            count = self._sink.deliver(batch)
        except EventRejected as error:
            count, refused = error.settled, error.refused
            _logger.warning("%s: %s", self._sink.name, error)
        if count == 0:
            raise SinkUnavailable("took nothing")
        self._cursor = batch[count - 1].offset
        self._commit(CursorMove(self._sink.name, self._cursor, refused))
        if self._backoff.failures:
            _logger.info("%s takes events again", self._sink.name)
        self._backoff.reset()

    def _postpone(self, reason: str) -> None:
        if self._backoff.failures == 0:
            _logger.warning("%s; events wait in the log", reason)
        self._retry_at = self._clock.monotonic() + self._backoff.next()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None
