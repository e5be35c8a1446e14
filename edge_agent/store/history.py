"""A stretch of the log's past: where it begins and ends, and what it still has."""

from collections.abc import Collection, Iterator
from typing import TypeAlias

from edge_agent.clock import NEVER
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.samples import TimeSpan
from edge_agent.store import tally
from edge_agent.store.reader import LogReader
from edge_agent.store.slices import SliceIndex

FIRST = (
    'SELECT min("offset"), min(time) FROM event WHERE "offset" = (SELECT min("offset") FROM event)'
)
SINCE = """
SELECT "offset", time FROM event WHERE "offset" > ? AND "offset" <= ? AND time >= ?
AND (boot IS NULL OR ?) ORDER BY "offset" LIMIT 1
"""
BEFORE = """
SELECT "offset" FROM event WHERE "offset" > ? AND "offset" <= ? AND time < ?
AND kind != 'aggregate' ORDER BY "offset" DESC LIMIT 1
"""  # an aggregate has the time of its begin: one of thinned readings lies anywhere

Sources: TypeAlias = Collection[str]  # of readings and aggregates; empty for all


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
        return self._since(after, time, unknown=False)

    def offset_at(self, time: int) -> int:
        """Return the offset behind which the events since a time in µs lie."""
        found = self._since(0, time, unknown=True)
        return found[0] - 1 if found else self.last_offset()

    def last_before(self, time: int) -> int:
        """Return the offset of the last event before a time in µs; 0 if there is none."""
        for part in reversed(SliceIndex(self._execute).of_times(TimeSpan(0, time))):
            for (offset,) in self._execute(BEFORE, (*part, time)):
                return int(offset)
        return 0

    def count(self, after: int, upto: int, kinds: Collection[str] = KINDS) -> int:
        """Return how many events of some kinds lie behind `after` and up to `upto`."""
        return tally.count(self._execute, tally.kinds_json(kinds), after, upto)

    def sources(self) -> list[str]:
        """Return the sources of readings and aggregates, and of the latest events of all kinds."""
        return tally.sources(self._execute)

    def batches(
        self, kinds: Collection[str], after: int, upto: int, size: int, sources: Sources = ()
    ) -> Iterator[list[LoggedEvent]]:
        """Yield the events of a stretch, up to `size` at a time, oldest first.

        Blocks that have nothing of these kinds and `sources` are not read.
        """
        after = tally.skip(self._execute, kinds, after, sources)
        while batch := self.read_kinds(kinds, after, upto, size):
            yield batch
            after = tally.skip(self._execute, kinds, batch[-1].offset, sources)

    def batches_back(
        self, kinds: Collection[str], after: int, upto: int, size: int, sources: Sources = ()
    ) -> Iterator[list[LoggedEvent]]:
        """Yield what `batches` does, and events of other kinds between, newest first."""
        while (upto := tally.skip_back(self._execute, kinds, upto, sources)) > after:
            batch = self.read_before(upto, size)
            yield [event for event in batch if event.offset > after]
            upto = batch[-1].offset - 1 if batch else 0

    def _since(self, after: int, time: int, *, unknown: bool) -> tuple[int, int] | None:
        """Read only slices of the log that can have events of that time: see `slices`."""
        for begin, upto in SliceIndex(self._execute).of_times(TimeSpan(time, NEVER)):
            for offset, found in self._execute(SINCE, (max(begin, after), upto, time, unknown)):
                return offset, found
        return None
