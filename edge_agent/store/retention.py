"""What leaves the log, and in which order, when its time or its room is over.

History (what every sink that wants it owns) goes first. Then waiting readings are thinned. Then
what waits is dropped, the oldest of each kind first: readings, aggregates, notes, gap events, and
alerts last. What a sink was still waiting for is entered into its account, and a gap event reports
it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from edge_agent.clock import Moment
from edge_agent.events import KINDS, Event, Kind, LoggedEvent
from edge_agent.store.connection import PAGE_SIZE, WAL_PAGES
from edge_agent.store.event_log import EventLog
from edge_agent.store.gaps import counted, report
from edge_agent.store.tally import delete, delete_up_to
from edge_agent.store.thinning import thin

SLICE = 5000  # rows in one transaction: some ms on an SD card
THIN_SLICE = 2000  # readings in one transaction: they are decoded and summed up as well
LOOKS = 5  # slices in one step, until one has something to thin
SEEN = "store/thinned"  # the saved state: up to which offset readings were considered
SACRIFICE: tuple[tuple[Kind, ...], ...] = (
    ("reading",),
    ("aggregate",),
    ("output", "command", "lifecycle"),
    ("gap",),
    ("alert",),
)
WAL_SHARE = 8  # of `max_size`, the write-ahead log may take one part in so many
HEADROOM = 0.9  # trimming ends this far below the limit, so that it need not start again at once

USED = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
EXPIRED = """
SELECT max("offset") FROM
(SELECT "offset", time FROM event WHERE "offset" <= ? ORDER BY "offset" LIMIT ?) WHERE time < ?
"""
OLDEST = 'SELECT max("offset") FROM (SELECT "offset" FROM event WHERE "offset" <= ? LIMIT ?)'


class Retention(NamedTuple):
    """`keep` seconds of delivered history; `max_size` bytes of database and write-ahead log."""

    keep: float
    max_size: int

    @property
    def wal_size(self) -> int:
        """Return the bytes that the write-ahead log may keep between two transactions."""
        return min(self.max_size // WAL_SHARE, WAL_PAGES * PAGE_SIZE)

    @property
    def room(self) -> int:
        """Return the bytes for the database; a transaction may take as much again as the WAL."""
        return self.max_size - 2 * self.wal_size

    def applied(self, log: EventLog) -> EventLog:
        """Return the log, its write-ahead log limited; abandon it if that fails."""
        try:
            log.limit_wal(self.wal_size)
        except BaseException:
            log.abandon()  # or its own lock would keep the next try out
            raise
        return log

    def is_full(self, log: EventLog) -> bool:
        """Return whether the database takes more than its room."""
        return self._used(log) > self.room

    def trim(self, log: EventLog, now: Moment, aged: int | None) -> bool:
        """Delete one slice if one is due; return whether there may be more.

        `aged` is the time in µs from which the age of history is counted back; None while the log
        has events whose time is about to be corrected.
        """
        owned = log.account.owned(log.last_offset())
        if now.trusted and aged is not None and self._expire(log, owned, aged):
            return True
        used = self._used(log)
        log.cut_wal(self.wal_size)
        return used > self.room * HEADROOM and self._make_room(log, owned, used, now)

    def _used(self, log: EventLog) -> int:
        return int(log.execute(USED)[0][0])

    def _expire(self, log: EventLog, owned: int, aged: int) -> bool:
        limit = aged - round(self.keep * 1e6)
        return self._delete_up_to(log, log.execute(EXPIRED, (owned, SLICE, limit))[0][0])

    def _make_room(self, log: EventLog, owned: int, used: int, now: Moment) -> bool:
        if self._delete_up_to(log, log.execute(OLDEST, (owned, SLICE))[0][0]):
            return True
        if any(_forget(log, kind, owned, now) for kind in KINDS) or _thin(log, now):
            return True
        return used > self.room and any(_sacrifice(log, owned, kinds, now) for kinds in SACRIFICE)

    def _delete_up_to(self, log: EventLog, offset: int | None) -> bool:
        if offset is None:
            return False
        with log.transaction():
            log.account.drop_history(offset)
            delete_up_to(log.execute, offset)
            log.vacant.forget(offset)
        return True


def _forget(log: EventLog, kind: str, owned: int, now: Moment) -> bool:
    """Delete the oldest events of a kind that only waits for sinks that do not want it."""
    upto = log.account.owned(log.last_offset(), (kind,))
    events = log.oldest.read((kind,), owned, upto, SLICE)
    if events:
        with log.transaction():
            _drop(log, events, "max_size", now)
    return bool(events)


def _seen(log: EventLog, last: int) -> int:
    """Return up to where readings were looked at; 0 if what was saved cannot be."""
    seen = 0
    with suppress(ValueError):
        seen = int(log.saved_state(SEEN) or 0)
    return seen if seen <= last else 0


def _thin(log: EventLog, now: Moment) -> bool:
    """Thin the oldest readings that wait for a sink that wants aggregates as well."""
    last = log.last_offset()
    begin = max(log.account.owned(last, ("reading", "aggregate")), _seen(log, last))
    seen = begin
    for _ in range(LOOKS):
        readings = log.oldest.read(("reading",), seen, last, THIN_SLICE)
        found = thin(readings, seen, more=len(readings) == THIN_SLICE)
        seen = found.upto
        if found.thinned:
            break
    if seen == begin and not found.thinned:
        return False
    with log.transaction():
        log.save_state(SEEN, str(seen))
        log.insert(found.aggregates)
        log.append(_drop(log, found.thinned, "thinned", now))
    return True


def _sacrifice(log: EventLog, owned: int, kinds: Sequence[str], now: Moment) -> bool:
    events = log.oldest.read(kinds, owned, log.last_offset(), SLICE)
    if len(events) <= kinds.count("gap"):  # one gap event would only be replaced by another
        return False
    with log.transaction():
        log.append(_drop(log, events, "max_size", now))
    return True


def _drop(log: EventLog, events: Sequence[LoggedEvent], reason: str, now: Moment) -> list[Event]:
    """Delete events, ascending, and account for them; return what reports the awaited ones."""
    offsets = [event.offset for event in events]
    awaited = log.account.drop(events, reason)
    delete(log.execute, offsets)
    log.vacant.note_dropped(offsets, awaited)
    reports = report(now, reason, counted(offsets, awaited))
    return [event for event in reports if event.data["count"]]
