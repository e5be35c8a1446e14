"""The block of offsets that is not full: its events are counted while they are inserted.

To enter a full block in the tally, no event is read again, but to see that all of them are there.
"""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

import msgspec

from edge_agent.store.insertion import EventRow
from edge_agent.store.tally import BLOCK, NAMED, Execute, enter, tail

THERE = 'SELECT count(*) FROM event WHERE "offset" > ? AND "offset" <= ?'
ENTER = """
INSERT INTO tally SELECT ?, value->>0, value->>1, value->>2 FROM json_each(?)
"""
KIND_AND_SOURCE = itemgetter(3, 4)  # of a row
UNKNOWN = -1


class OpenBlock:
    """Counts the events behind `_begin` by kind and source; what it has missed, the log counts.

    It counts what is rolled back, too, and does not see what leaves the log: then it has too many.
    """

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._begin, self._counts = UNKNOWN, Counter[tuple[str, str]]()

    def add(self, rows: Sequence[EventRow], last: int) -> None:
        """Count rows that were inserted up to the offset `last`; enter the blocks that are full."""
        before, end = last - len(rows), last // BLOCK * BLOCK
        if before % BLOCK == 0:
            self._begin, self._counts = before, Counter()
        if before < end:
            full = len(rows) - (last - end)
            self._count(rows[:full])
            self._enter(end)
            self._begin, self._counts, rows = end, Counter(), rows[full:]
        self._count(rows)

    def _count(self, rows: Sequence[EventRow]) -> None:
        for (kind, source), count in Counter(map(KIND_AND_SOURCE, rows)).items():
            self._counts[kind, source if kind in NAMED else ""] += count

    def _enter(self, end: int) -> None:
        begin = end - BLOCK
        if self._begin == tail(self._execute) == begin and self._is_complete(end):
            counts = [(*names, count) for names, count in self._counts.items()]
            self._execute(ENTER, (begin // BLOCK, msgspec.json.encode(counts).decode()))
        else:
            enter(self._execute, end)

    def _is_complete(self, end: int) -> bool:
        """Return whether the log has as many events, and so the same."""
        ((there,),) = self._execute(THERE, (self._begin, end))
        return bool(there == self._counts.total())
