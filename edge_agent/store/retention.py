"""What leaves the log, and in which order, when its time or its room is over.

History (what every sink owns) goes first; then the oldest waiting readings, then notes, alerts
last. Events that were still waiting are reported in a gap event and entered into the account.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from edge_agent.clock import Moment
from edge_agent.events import gap
from edge_agent.store.event_log import EventLog

SLICE = 5000  # rows in one transaction: some ms on an SD card
SACRIFICE = (("reading",), ("aggregate",), ("output", "command", "lifecycle"), ("alert",))
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
    """`keep` seconds of delivered history, at most `max_size` bytes; accounts say what waits."""

    keep: float
    max_size: int

    def trim(self, log: EventLog, now: Moment) -> bool:
        """Take one slice away if one is due; return whether there may be more."""
        owned = log.account.owned(log.last_offset())
        if now.trusted and self._expire(log, owned, now):
            return True
        used = log.execute(USED)[0][0]
        return used > self.max_size * HEADROOM and self._make_room(log, owned, used, now)

    def _expire(self, log: EventLog, owned: int, now: Moment) -> bool:
        limit = now.time - round(self.keep * 1e6)
        return self._delete_up_to(log, log.execute(EXPIRED, (owned, SLICE, limit))[0][0])

    def _make_room(self, log: EventLog, owned: int, used: int, now: Moment) -> bool:
        if self._delete_up_to(log, log.execute(OLDEST, (owned, SLICE))[0][0]):
            return True
        return used > self.max_size and any(
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
        if not rows:
            return False
        offsets = [offset for offset, _ in rows]
        with log.transaction():
            awaited = log.account.drop([(offset, kind) for offset, kind in rows], "max_size")
            for first, last in ranges(offsets):
                log.execute('DELETE FROM event WHERE "offset" BETWEEN ? AND ?', (first, last))
            if awaited:
                log.append([gap(now, "max_size", ranges(offsets), awaited)])
        return True


def ranges(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending offsets as inclusive ranges: 1, 2, 3, 7 → (1, 3), (7, 7)."""
    ordered = list(offsets)
    breaks = [n for n, (one, next_) in enumerate(pairwise(ordered), 1) if next_ != one + 1]
    starts, ends = [0, *breaks], [*breaks, len(ordered)]
    return [(ordered[a], ordered[b - 1]) for a, b in zip(starts, ends, strict=True) if b > a]
