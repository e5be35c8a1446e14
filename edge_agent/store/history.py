"""A stretch of the log's past: where it begins and ends, and what it still has."""

from collections.abc import Collection, Iterator

from edge_agent.events import KINDS, LoggedEvent
from edge_agent.store import tally
from edge_agent.store.reader import LogReader

FIRST = (
    'SELECT min("offset"), min(time) FROM event WHERE "offset" = (SELECT min("offset") FROM event)'
)
SINCE = """
SELECT "offset", time FROM event WHERE "offset" > ? AND time >= ? AND boot IS NULL
ORDER BY "offset" LIMIT 1
"""
BEFORE = 'SELECT coalesce(max("offset"), 0) FROM event WHERE time < ?'


class HistoryReader(LogReader):
    """Reads any stretch of the log, without a cursor."""

    def first(self) -> tuple[int, int] | None:
        """Return offset and time, in µs, of the oldest event that the log has."""
        offset, time = self._execute(FIRST, ())[0]
        return None if offset is None else (offset, time)

    def first_since(self, after: int, time: int) -> tuple[int, int] | None:
        """Return offset and time of the first event behind `after` that is not older than `time`.

        Times are in µs; an event whose time is not known yet is left out.
        """
        found = self._execute(SINCE, (after, time))
        return (found[0][0], found[0][1]) if found else None

    def last_before(self, time: int) -> int:
        """Return the offset of the last event before a time in µs; 0 if there is none."""
        return int(self._execute(BEFORE, (time,))[0][0])

    def count(self, after: int, upto: int, kinds: Collection[str] = KINDS) -> int:
        """Return how many events of some kinds lie behind `after` and up to `upto`."""
        return tally.count(self._execute, tally.kinds_json(kinds), after, upto)

    def batches(
        self, kinds: Collection[str], after: int, upto: int, size: int
    ) -> Iterator[list[LoggedEvent]]:
        """Yield the events of a stretch, up to `size` at a time."""
        while batch := self.read_kinds(kinds, after, upto, size):
            yield batch
            after = batch[-1].offset
