"""The forwarder: one thread that carries the log to one sink.

It reads after the cursor, delivers, and reports to the recorder how far the sink owns the events.
It never deletes anything; after a restart it continues from the committed cursor.
"""

import logging
import sqlite3
from collections.abc import Callable, Collection
from queue import Empty, SimpleQueue
from typing import Literal, NamedTuple, Protocol, TypeAlias

from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.pace import PAUSE, Pace
from edge_agent.deliver.sink import Sink
from edge_agent.deliver.sink_state import StateWriter
from edge_agent.errors import EventRejected, LogError, SinkUnavailable
from edge_agent.events import CursorMove, LoggedEvent, SavedState
from edge_agent.figures import Figure, Postponed, TakenOver, unreported
from edge_agent.trace import trace_delivered

CHUNK = 1000  # events read at once: a batch costs some memory, a short one costs speed
SCAN = 50_000  # offsets looked through at once for the kinds that a sink wants
IDLE = 5.0
DRAIN_SECONDS = 1.0

ForwarderNews: TypeAlias = int | Literal["retry"] | None
_logger = logging.getLogger(__name__)


class EventReader(Protocol):
    """The event log, as far as a forwarder reads it."""

    id: str
    inode: int

    def cursor(self, sink: str, kinds: Collection[str]) -> int | None:
        """Return a sink's committed offset; None until it is registered with these kinds."""
        ...

    def read_kinds(
        self, kinds: Collection[str], after: int, upto: int, limit: int
    ) -> list[LoggedEvent]:
        """Return up to `limit` events of some kinds behind `after` and up to `upto`."""
        ...

    def require(self, offset: int) -> None:
        """Raise LogError if the log ends before an offset that was given."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class LogAccess(NamedTuple):
    """What a forwarder does with the log: it reads, and reports to the recorder."""

    open_reader: Callable[[], EventReader]
    commit: Callable[[CursorMove], None]
    unreadable: Callable[[sqlite3.Error, int], None]
    save: Callable[[SavedState], None] = lambda _: None


class Forwarder:
    """Delivers events of `kinds` to `sink`, behind its committed cursor, until None comes.

    The inbox takes the log's last offset after each commit, and "retry" when the sink is back.
    """

    def __init__(
        self,
        sink: Sink,
        kinds: frozenset[str],
        inbox: "SimpleQueue[ForwarderNews]",
        *,
        log: LogAccess,
        clock: Clock,
        backoff: Backoff,
        progress: Callable[[], None] = lambda: None,
        catch_up: int = 0,
        report: Callable[[Figure], None] = unreported,
    ) -> None:
        self._sink = sink
        self._kinds = kinds
        self._inbox = inbox
        self._log = log
        self._reader: EventReader | None = None
        self._cursor: int | None = None
        self._rest: list[LoggedEvent] = []  # of the last batch, behind the cursor
        self._last = 0
        self._clock = clock
        self._backoff = backoff
        self._progress = progress
        self._report = report
        self._pace = Pace(catch_up)
        self._complaints = Complaints(_logger, clock.monotonic, sink=sink.name)
        self._state = StateWriter(sink.name, log.save, clock)
        self._open = self._stopping = False
        self._retry_at = 0.0

    def run(self) -> None:
        """Deliver until asked to stop, and then what is left, for a moment only."""
        self._state.delivered()
        while not self._stopping:
            self.step(self._wait())
        deadline = self._clock.monotonic() + DRAIN_SECONDS
        while self._wait() <= 0 and self._clock.monotonic() < deadline:
            self._forward()
        self._close()
        self._sink.close()

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
            if self._cursor is None:  # a commit: the recorder may have registered the sink
                self._retry_at = 0.0

    def _wait(self) -> float:
        if self._open and self._cursor is not None and self._last <= self._cursor:
            return IDLE
        return min(max(self._retry_at - self._clock.monotonic(), 0.0), IDLE)

    def _forward(self) -> None:
        try:
            self._begin()
            self._deliver_next()
        except SinkUnavailable as error:
            self._report(Postponed(self._sink.name))
            self._postpone(f"{self._sink.name} is unavailable", error)
        except (sqlite3.Error, LogError) as error:
            if self._reader is not None and isinstance(error, sqlite3.Error):
                self._log.unreadable(error, self._reader.inode)  # the recorder knows damage
            self._close()
            self._postpone("the event log cannot be read", error)

    def _begin(self) -> None:
        """Open what is not open yet, and continue from the committed cursor."""
        if not self._open:
            self._sink.open()
            self._open = True
        if self._reader is None:
            self._reader = self._log.open_reader()
        if self._cursor is None:
            self._cursor = self._reader.cursor(self._sink.name, self._kinds)

    def _deliver_next(self) -> None:
        if self._reader is None or self._cursor is None:  # the recorder has yet to register it
            self._retry_at = self._clock.monotonic() + IDLE
            return
        now, waiting = self._clock.monotonic(), self._last - self._cursor
        most = self._pace.permitted(now, self._last, waiting, CHUNK)
        if most == 0:
            self._retry_at = now + PAUSE
            return
        upto = min(self._last, self._cursor + SCAN)
        batch = self._next_batch(self._reader, self._cursor, upto, most)
        if batch:
            self._deliver(batch, self._reader.id)
        elif upto > self._cursor:  # nothing that the sink wants, or it was trimmed meanwhile
            self._reader.require(upto)
            self._move(upto, {})

    def _next_batch(
        self, reader: EventReader, after: int, upto: int, most: int
    ) -> list[LoggedEvent]:
        """Return what the last delivery left over, and behind it what the log has."""
        rest, self._rest = self._rest[:most], []
        if rest:
            after = rest[-1].offset
        if len(rest) < most:
            rest += reader.read_kinds(self._kinds, after, upto, most - len(rest))
        return rest

    def _deliver(self, batch: list[LoggedEvent], log: str) -> None:
        refused: dict[int, str] = {}
        began = self._clock.monotonic()
        try:
            count = self._sink.deliver(batch)
        except EventRejected as error:
            count, refused = error.settled, error.refused
            self._complaints.add(f"{self._sink.name}: {error}")
            self._state.refused(str(error))
        if count == 0:
            raise SinkUnavailable("accepted no events")
        last, seconds = batch[count - 1].offset, self._clock.monotonic() - began
        self._report(TakenOver(self._sink.name, seconds, last))
        self._move(last, refused)
        trace_delivered(log, batch[:count], self._sink.name, refused)
        self._rest = batch[count:]
        self._state.delivered()
        self._pace.spend(count)
        if self._complaints.end() and self._backoff.failures:
            _logger.info(
                "%s is accepting events again", self._sink.name, extra={"sink": self._sink.name}
            )
        self._backoff.reset()

    def _move(self, offset: int, refused: dict[int, str]) -> None:
        self._cursor = offset
        self._log.commit(CursorMove(self._sink.name, offset, refused, self._kinds))

    def _postpone(self, what: str, error: Exception) -> None:
        self._complaints.add(f"{what}: {error}; events wait in the log")
        if not self._stopping:  # a stop is no fault of the destination
            self._state.failed(str(error))
        self._retry_at = self._clock.monotonic() + self._backoff.next()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None
