"""The rows of a damaged database that SQLite still reads, at a cost that offsets do not set.

Between two rows, a million offsets may never have been given: the work is bounded by the rows.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any

from edge_agent.store.gaps import Ranges
from edge_agent.store.leaves import leaf_offsets
from edge_agent.store.log_connection import Progress, unwatched
from edge_agent.store.soundness import LARGEST, SOUND, is_locked, is_passing

STRIDE = 512
READS = 3  # of what cannot be read, before it counts as lost: a bad sector stays one
ROWS = f"""
SELECT "offset", time, boot, uptime, kind, source, data FROM event
WHERE "offset" BETWEEN ? AND ? AND {SOUND} ORDER BY "offset" LIMIT {STRIDE}
"""  # noqa: S608
ROW_AT = f"""
SELECT "offset", time, boot, uptime, kind, source, data FROM event
WHERE "offset" = ? AND {SOUND}
"""  # noqa: S608 - a range would read on, into a damaged page
ENDS = f'SELECT min("offset"), max("offset") FROM event WHERE "offset" BETWEEN 1 AND {LARGEST}'  # noqa: S608


class ReadableRows:
    """The events in `old`, the database at `path`, of which pages may be damaged."""

    def __init__(self, old: sqlite3.Connection, path: Path, progress: Progress = unwatched) -> None:
        self._old = old
        self._path = path
        self._progress = progress

    def up_to(self, last: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows up to `last` and beyond, stride by stride, by ascending offset."""
        ends = readable(self._old, ENDS)
        start, newest = ends[0] if ends and ends[0][0] is not None else (1, last)
        end = max(newest, last)
        while start <= end:
            self._progress()
            rows, start = self._stride(start, end)
            yield from rows

    def _stride(self, start: int, end: int) -> tuple[list[Any], int]:
        """Return the next rows, and where to continue; row by row if a page there is damaged."""
        try:
            rows = _fetched(self._old, ROWS, (start, end))
        except sqlite3.DatabaseError:
            return self._one_by_one(start, end)
        return rows, rows[-1][0] + 1 if len(rows) == STRIDE else end + 1

    def _one_by_one(self, start: int, end: int) -> tuple[list[Any], int]:
        """Try what follows `start`, and continue at the next row that any page has."""
        upto = start + STRIDE
        rows = [row for n in range(start, upto) for row in self._at(n)]
        at = bisect_left(self._in_leaves, upto, key=itemgetter(1))
        following = [max(first, upto) for first, _ in self._in_leaves[at : at + 1]]
        return rows, upto if rows else (*following, end + 1)[0]

    def _at(self, offset: int) -> list[Any]:
        self._progress()  # a bad sector takes seconds
        return readable(self._old, ROW_AT, (offset,))

    @cached_property
    def _in_leaves(self) -> Ranges:
        return leaf_offsets(self._path, self._progress)


def readable(old: sqlite3.Connection, sql: str, parameters: Any = ()) -> list[Any]:  # noqa: ANN401
    """Return the rows, none if they cannot be read; raise sqlite3.DatabaseError for a lock."""
    try:
        return _fetched(old, sql, parameters)
    except sqlite3.DatabaseError as error:
        if is_locked(error):  # what cannot be read now is not lost
            raise
        return []


def _fetched(
    old: sqlite3.Connection,
    sql: str,
    parameters: Any,  # noqa: ANN401
    tries: int = READS,
) -> list[Any]:
    """Return the rows; an I/O error is tried again, a few times."""
    try:
        return old.execute(sql, parameters).fetchall()
    except sqlite3.DatabaseError as error:
        if tries > 1 and is_passing(error):
            return _fetched(old, sql, parameters, tries - 1)
        raise
