"""The rows of a damaged database, copied to a new one a slice at a time.

Neither the memory nor the write-ahead log grows with the number of rows.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from edge_agent.store.event_log import EventLog
from edge_agent.store.gaps import Ranges, merged, ranges
from edge_agent.store.leaves import leaf_rows
from edge_agent.store.log_connection import Progress
from edge_agent.store.readable import ReadableRows
from edge_agent.store.soundness import SOUND

SLICE = 10_000  # rows in one transaction
COLUMNS = 7
ROW = "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"
LEAF_ROW = f"""
INSERT OR IGNORE INTO event
SELECT * FROM (
    SELECT ? AS "offset", ? AS time, ? AS boot, ? AS uptime, ? AS kind, ? AS source, ? AS data
)
WHERE {SOUND} RETURNING "offset"
"""  # noqa: S608

Row: TypeAlias = tuple[Any, ...]


def copy_rows(log: EventLog, old: ReadableRows, last: int) -> Ranges:
    """Copy readable rows; return their offsets, ascending."""
    found: Ranges = []
    for rows in _slices(old.up_to(last)):
        with log.transaction(noted=False):
            for row in rows:
                log.execute(ROW, row)
        found += ranges(row[0] for row in rows)
    return merged(found)


def copy_leaves(log: EventLog, damaged: Path, wanted: Ranges, progress: Progress) -> Ranges:
    """Copy the rows within the ranges that no page leads to any more; return their offsets."""
    found: list[int] = []
    for rows in _slices(_unreached(damaged, wanted, progress)):
        with log.transaction(noted=False):
            found += [offset for row in rows for (offset,) in log.execute(LEAF_ROW, row)]
    return ranges(sorted(found))


def _unreached(damaged: Path, wanted: Ranges, progress: Progress) -> Iterator[Row]:
    starts = [first for first, _ in wanted]
    for offset, *columns in leaf_rows(damaged, progress) if wanted else ():
        n = bisect_right(starts, offset) - 1
        if n >= 0 and offset <= wanted[n][1] and len(columns) == COLUMNS and columns[0] is None:
            yield (offset, *columns[1:])


def _slices(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while found := list(islice(remaining, SLICE)):
        yield found
