"""What leaves the log, and in which order, when its time or its room is over.

History (what every sink owns) goes first; then what waits, the oldest of each kind first: readings,
aggregates, notes, gap events, and alerts last. What a sink was still waiting for is entered into
its account, and a gap event reports it.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from edge_agent.clock import Moment
from edge_agent.events import Kind, gap
from edge_agent.store.event_log import CHECKPOINT_PAGES, PAGE_SIZE, EventLog

SLICE = 5000  # rows in one transaction: some ms on an SD card
RANGES = 1000  # in one gap event, which must fit into a message
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
WAITING = """
SELECT "offset", kind FROM event WHERE "offset" > ? AND kind IN ({}) ORDER BY "offset" LIMIT ?
"""


class Retention(NamedTuple):
    """`keep` seconds of delivered history; `max_size` bytes of database and write-ahead log."""

    keep: float
    max_size: int

    @property
    def wal_size(self) -> int:
        """Return the bytes that the write-ahead log may keep between two transactions."""
        return min(self.max_size // WAL_SHARE, CHECKPOINT_PAGES * PAGE_SIZE)

    @property
    def room(self) -> int:
        """Return the bytes for the database; a transaction may take as much again as the WAL."""
        return self.max_size - 2 * self.wal_size

    def applied(self, log: EventLog) -> EventLog:
        """Return the log, its write-ahead log limited."""
        log.limit_wal(self.wal_size)
        return log

    def is_full(self, log: EventLog) -> bool:
        """Return whether the database takes more than its room."""
        return self._used(log) > self.room

    def trim(self, log: EventLog, now: Moment) -> bool:
        """Delete one slice if one is due; return whether there may be more."""
        owned = log.account.owned(log.last_offset())
        if now.trusted and self._expire(log, owned, now):
            return True
        used = self._used(log)
        log.cut_wal(self.wal_size)
        return used > self.room * HEADROOM and self._make_room(log, owned, used, now)

    def _used(self, log: EventLog) -> int:
        return int(log.execute(USED)[0][0])

    def _expire(self, log: EventLog, owned: int, now: Moment) -> bool:
        limit = now.time - round(self.keep * 1e6)
        return self._delete_up_to(log, log.execute(EXPIRED, (owned, SLICE, limit))[0][0])

    def _make_room(self, log: EventLog, owned: int, used: int, now: Moment) -> bool:
        if self._delete_up_to(log, log.execute(OLDEST, (owned, SLICE))[0][0]):
            return True
        return used > self.room and any(
            self._sacrifice(log, owned, kinds, now) for kinds in SACRIFICE
        )

    def _delete_up_to(self, log: EventLog, offset: int | None) -> bool:
        if offset is None:
            return False
        with log.transaction():
            log.account.drop_history(offset)
            log.execute('DELETE FROM event WHERE "offset" <= ?', (offset,))
        return True

    def _sacrifice(self, log: EventLog, owned: int, kinds: Sequence[str], now: Moment) -> bool:
        marks = ", ".join("?" * len(kinds))
        rows = log.execute(WAITING.format(marks), (owned, *kinds, SLICE))
        if len(rows) <= kinds.count("gap"):  # one gap event would only be replaced by another
            return False
        gone = ranges(offset for offset, _ in rows)[:RANGES]
        with log.transaction():
            lost = [(offset, kind) for offset, kind in rows if offset <= gone[-1][1]]
            awaited = log.account.drop(lost, "max_size")
            for first, last in gone:
                log.execute('DELETE FROM event WHERE "offset" BETWEEN ? AND ?', (first, last))
            if awaited:
                log.append([gap(now, "max_size", gone, awaited)])
        return True


def ranges(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending offsets as inclusive ranges: 1, 2, 3, 7 → (1, 3), (7, 7)."""
    ordered = list(offsets)
    breaks = [n for n, (one, next_) in enumerate(pairwise(ordered), 1) if next_ != one + 1]
    starts, ends = [0, *breaks], [*breaks, len(ordered)]
    return [(ordered[a], ordered[b - 1]) for a, b in zip(starts, ends, strict=True) if b > a]
