"""The recorder: the one thread that writes the event log.

It gathers what arrives within a few milliseconds into one commit, announces offsets only after the
disk has them, and keeps events in memory, counted, while the disk does not take them. No
error of the disk ends the thread: what SQLite calls damage is salvaged, all else is tried again.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from queue import Empty

from edge_agent.clock import Clock
from edge_agent.errors import LogError
from edge_agent.events import CursorMove, Subscription
from edge_agent.figures import Committed, Figure, NotCommitted, unreported
from edge_agent.inbox import Incoming, arrived
from edge_agent.store.account_reports import account_for, recovered, registered
from edge_agent.store.check import Sound, Unreadable
from edge_agent.store.event_log import EventLog
from edge_agent.store.group import GROUP, Group, settled
from edge_agent.store.recorder_items import RecorderItem, RecorderNews, Subscriptions, parted
from edge_agent.store.retention import Retention
from edge_agent.store.spill import Spill, spill
from edge_agent.store.tick import Tick
from edge_agent.store.time_repair import TimeRepair
from edge_agent.store.wall_clock import WallClock, last_time
from edge_agent.trace import trace_recorded

IDLE = 5.0  # a sign of life at least this often
HELD = 50_000  # events in memory while the disk is full: about 50 MB
RETRY = 2.0
TRIM_SECONDS, TRIM_EVENTS = 60.0, 20_000
RECOVERED = "writing to the event log again after %d failed attempts"
TROUBLE = (sqlite3.Error, LogError, OSError)  # a disk's, which passes or is salvaged

_logger = logging.getLogger(__name__)


class Recorder:
    """Takes events and cursor moves from `inbox` until None comes, then commits and closes.

    `announce` gets the last offset after each commit; `reopen` replaces the database with an inode;
    `crowded` is called while the write-ahead log is longer than it should be; `waiting` gets the
    last offset that was committed, and how many events wait.
    """

    def __init__(
        self,
        log: EventLog,
        inbox: Incoming[RecorderItem],
        *,
        announce: Callable[[int], None],
        reopen: Callable[[int], EventLog],
        clock: Clock,
        commit_interval: float,
        retention: Retention,
        spill_to: Spill = Spill(()),  # noqa: B008 - immutable
        progress: Callable[[], None] = lambda: None,
        crowded: Callable[[], None] = lambda: None,
        report: Callable[[Figure], None] = unreported,
        waiting: Callable[[int, int], None] = lambda committed, count: None,  # noqa: ARG005
    ) -> None:
        self._inbox = inbox
        self._announce, self._reopen = announce, reopen
        self._clock, self._tick = clock, Tick(commit_interval)
        self._wall, self._repair = WallClock(last_time(log.execute), retention.keep), TimeRepair()
        self._retention, self._spill, self._waiting = retention, spill_to, waiting
        self._progress, self._report, self._crowded = progress, report, crowded
        self._log = self._owned(log)
        self._group = Group()
        self._last_commit = self._last_group = self._retry_at = float("-inf")
        self._lost: Counter[str] = Counter()  # by kind
        self._trim_at, self._since_trim, self._failures = 0.0, 0, 0
        self._stopping = self._damaged = False
        self._subscriptions: tuple[Subscription, ...] = ()

    def run(self) -> None:
        """Record until asked to stop, and commit the rest."""
        while not self._stopping:
            self.step(self._wait())
        self.commit(last=True)

    def close(self) -> bool:
        """Commit the cursor moves that came after `run` had ended, and give the log back.

        Return whether the log has everything; what it does not take is spilled.
        """
        self._take(arrived(self._inbox))
        self.commit(last=True)
        written = not (self._group.events or self._group.states or self._lost or self._damaged)
        if not written:
            spill(self._log, self._spill, self._group.events, self._group.states, self._lost)
        self._log.abandon() if self._damaged else self._log.close()
        return written

    def step(self, wait: float) -> None:
        """Take what arrives within `wait` seconds, commit if it is time, trim if it is due."""
        self._progress()
        with suppress(Empty):
            first = self._inbox.get(timeout=wait)
            room = max(GROUP - len(self._group.events), 0)
            self._take([first, *islice(arrived(self._inbox), room)])
            self._note_waiting()
        if self._wait() <= 0:
            self.commit()
        self._trim()

    def _note_waiting(self) -> None:
        waiting = len(self._group.events) + self._lost.total()
        self._waiting(self._log.mark.value.given, waiting)

    def commit(self, *, last: bool = False) -> None:
        """Write the group, the `last` with all cursor moves, in one transaction, or keep it."""
        group, self._group = self._group, self._group.following(self._clock.monotonic(), last=last)
        try:
            self._finish_replacement()
            offset = self._write(group)
        except TROUBLE as error:
            self._group = group.again(self._group)
            self._failed(error)
            return
        self._report(Committed(self._log.confirmed_in, offset))
        self._last_commit = self._clock.monotonic()
        self._last_group = group.since if group.since <= self._last_commit else self._last_group
        self._since_trim += len(group.events)
        self._failures, self._lost = 0, Counter()
        self._note_waiting()
        if offset is not None:
            self._announce(offset)
        if self._log.wal_size() > self._retention.wal_size:
            self._crowded()

    def _wait(self) -> float:
        now = self._clock.monotonic()
        due = self._group.due(self._last_group, self._tick)
        due = min(due, self._repair.due(self._last_commit))
        due = due if self._log.is_in_place() and not self._damaged else now
        return min(max(due - now, self._retry_at - now, 0.0), IDLE)

    def _take(self, items: Iterable[RecorderItem]) -> None:
        """Take the records first: an error while the rest is heeded must not cost one."""
        records, news = parted(items)
        if records:
            self._group.add(records, self._tick.noted(self._clock.monotonic()))
        for one in news:
            self._heed(one)

    def _heed(self, news: RecorderNews | None) -> None:
        if news is None:
            self._stopping = True
        elif isinstance(news, CursorMove):
            self._group.moves.take(news, self._clock.monotonic())
        elif isinstance(news, Subscriptions):
            self._subscriptions = news.sinks
            self._group.subscribe(news.sinks, self._clock.monotonic())
        else:
            self._look_at(news)

    def _look_at(self, found: Sound | Unreadable) -> None:
        if found.inode != self._log.inode:  # it is replaced
            return
        if isinstance(found, Sound):
            self._log.mark.note(checked=self._log.boot)
        elif self._log.is_damaged(found.error):
            self._replace(found.error)

    def _write(self, group: Group) -> int | None:
        now = self._clock.now()
        self._wall.look(now)
        events = settled(group.events, now)
        with self._log.transaction():
            events += [*self._repair.step(self._log, now), *self._wall.notes(self._log, now)]
            if self._failures:
                _logger.warning(RECOVERED, self._failures)
                events += recovered(self._failures, self._lost, self._log, now)
            for name, data in group.states.items():
                self._log.save_state(name, data.decode())
            for move in group.moves:
                events += account_for(move, self._log.account.move(move), self._log, now)
            if group.subscriptions is not None:
                events += registered(group.subscriptions, self._log, now)
            written = bool(events) or group.subscriptions is not None
            offset = self._log.append(events) if events else self._log.last_offset()
            if events and self._retention.is_full(self._log):
                self._trim_at = 0.0
        self._wall.reported()
        self._repair.committed()
        trace_recorded(self._log.id, events, offset)
        return offset if written else None

    def _failed(self, error: Exception) -> None:
        if not self._damaged and self._log.is_damaged(error):
            self._replace(error)
            return
        self._report(NotCommitted())
        self._failures += 1
        self._lost += self._group.hold(HELD)
        self._retry_at = self._clock.monotonic() + RETRY
        if self._failures == 1:
            _logger.error("the event log cannot be written: %s; events are kept in memory", error)

    def _replace(self, error: Exception) -> None:
        _logger.error("the event log is damaged (%s): salvaging what can be read", error)
        self._damaged = True
        try:
            self._log.abandon()
            self._finish_replacement()
        except TROUBLE as failure:
            self._failed(failure)

    def _finish_replacement(self) -> None:
        """Replace a log that is damaged or not in its place; the next commit tries again."""
        self._damaged = self._damaged or self._log.left_its_place()
        if self._damaged:
            self._log = self._owned(self._reopen(self._log.inode))
            self._damaged = False
            if self._subscriptions and not self._group.subscriptions:  # accounts may be lost
                self._group.subscribe(self._subscriptions, self._clock.monotonic())
            self._announce(self._log.last_offset())

    def _owned(self, log: EventLog) -> EventLog:
        log.report_progress_to(self._progress)
        return self._retention.applied(log)

    def _trim(self) -> None:
        now = self._clock.monotonic()
        if self._damaged or (now < self._trim_at and self._since_trim < TRIM_EVENTS):
            return
        try:
            moment = self._clock.now()
            self._wall.look(moment)
            aged = self._wall.aged(moment) if self._repair.settled else None
            more = self._retention.trim(self._log, moment, aged)
        except TROUBLE as error:
            self._failed(error)
            more = False
        if not more:
            self._trim_at, self._since_trim = now + TRIM_SECONDS, 0
