"""Where in the log the events of a span of time lie, although it has no index of times.

Offsets follow the clock, but for clocks that were set and for events that wait a moment. So the
time of the first event of each slice of offsets says which slices need not be read.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from edge_agent.clock import NEVER
from edge_agent.samples import TimeSpan
from edge_agent.store.tally import BLOCK, Execute, spans

SLICE = 2500  # offsets: their readings are decoded in a few ms of a slow processor
LATE = 15_000_000  # µs that an event may lie behind later ones
EVER = TimeSpan(0, NEVER)
# An aggregate has the time of its window's begin, and one of thinned readings lies anywhere.
EDGES = f"""
WITH RECURSIVE slice (edge) AS (
    SELECT min("offset") FROM event
    UNION ALL
    SELECT (SELECT "offset" FROM event WHERE "offset" >= edge + {SLICE} ORDER BY "offset" LIMIT 1)
    FROM slice WHERE edge IS NOT NULL
)
SELECT edge, (SELECT time FROM event WHERE "offset" >= edge AND "offset" < edge + {SLICE}
              AND kind != 'aggregate' ORDER BY "offset" LIMIT 1)
FROM slice WHERE edge IS NOT NULL
"""  # noqa: S608


class OffsetSlice(NamedTuple):
    """Offsets behind `after` and up to `upto`."""

    after: int
    upto: int


class SliceIndex:
    """The slices of a log at one moment."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        edges = [*execute(EDGES, ()), (None, NEVER)]
        self._slices = [
            (OffsetSlice(edge - 1, edge - 1 + SLICE), _bounds(first, after))
            for (edge, first), (_, after) in pairwise(edges)
        ]

    def of_times(self, wanted: TimeSpan) -> list[OffsetSlice]:
        """Return where events of a span may lie, in order of offsets."""
        return [part for part, bounds in self._slices if _overlaps(bounds, (wanted,))]

    def of(self, kind: str, source: str, wanted: Sequence[TimeSpan] = (EVER,)) -> list[OffsetSlice]:
        """Return where events of a kind may lie, in order of offsets.

        `source` is that of readings and aggregates, and empty for other kinds; the spans that are
        wanted are in order of time.
        """
        (tail, _), *blocks = spans(self._execute, kind, source)
        numbers = {after // BLOCK for after, _ in blocks}
        return [
            part
            for part, bounds in self._slices
            if _overlaps(bounds, wanted) and _may_have(part, numbers, tail)
        ]


def _bounds(first: int | None, after: int | None) -> TimeSpan:
    """Return between which times the events of a slice lie."""
    if first is None or after is None:
        return EVER
    return TimeSpan(min(first, after) - LATE, max(first, after) + LATE)


def _overlaps(bounds: TimeSpan, wanted: Sequence[TimeSpan]) -> bool:
    at = bisect_right(wanted, bounds.since, key=lambda one: one.until)
    return at < len(wanted) and wanted[at].since < bounds.until


def _may_have(part: OffsetSlice, blocks: set[int], tail: int) -> bool:
    first, last = part.after // BLOCK, (part.upto - 1) // BLOCK
    return part.upto > tail or first in blocks or last in blocks
