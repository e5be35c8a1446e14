"""How many events of each kind each block of offsets has, so that counting reads a few rows.

A block is entered when it is full: this costs a write for each 10,000 events. Rows leave the log
only through here. What lies behind the last block, the tail, is counted row by row.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

Execute: TypeAlias = Callable[[str, tuple[Any, ...]], list[tuple[Any, ...]]]

BLOCK = 10_000  # offsets
NAMED = ("reading", "aggregate")  # kinds that are counted by source
TABLE = """
CREATE TABLE tally (
    block INTEGER NOT NULL,  -- of the offsets above block * 10,000
    kind TEXT NOT NULL,
    source TEXT NOT NULL,    -- of readings and aggregates
    count INTEGER NOT NULL,
    PRIMARY KEY (block, kind, source)
) WITHOUT ROWID
"""
GROUPS = f"""
SELECT ("offset" - 1) / {BLOCK} AS block, kind,
       iif(kind IN {NAMED}, source, '') AS source, count(*) AS count FROM event
"""  # noqa: S608
TAIL = f"SELECT coalesce(max(block) + 1, 0) * {BLOCK} FROM tally"  # noqa: S608
ENTER = f"""
INSERT INTO tally {GROUPS} WHERE "offset" > ({TAIL}) AND "offset" <= ? GROUP BY 1, 2, 3
"""
LEAVE = f"""
UPDATE tally SET count = tally.count - gone.count FROM ({GROUPS} WHERE "offset" %s GROUP BY 1, 2, 3)
AS gone WHERE tally.block = gone.block AND tally.kind = gone.kind AND tally.source = gone.source
"""  # noqa: S608
DELETE = 'DELETE FROM event WHERE "offset" '
LISTED, UP_TO = "IN (SELECT value FROM json_each(?))", "<= ?"
EMPTIED = "DELETE FROM tally WHERE block < ?"
ROWS = """
SELECT count(*) FROM event
WHERE "offset" > ? AND "offset" <= ? AND kind IN (SELECT value FROM json_each(?))
"""
SUM = """
SELECT coalesce(sum(count), 0) FROM tally
WHERE block >= ? AND block < ? AND kind IN (SELECT value FROM json_each(?))
"""
POSSIBLE = """
count > 0 AND kind IN (SELECT value FROM json_each(?2))
AND (?3 = '[]' OR source = '' OR source IN (SELECT value FROM json_each(?3)))
"""
NEXT = f"SELECT min(block) FROM tally WHERE block >= ?1 AND {POSSIBLE}"  # noqa: S608
PREVIOUS = f"SELECT max(block) FROM tally WHERE block <= ?1 AND {POSSIBLE}"  # noqa: S608
WITH_SOURCE = """
SELECT block FROM tally WHERE kind = ? AND source = ? AND count > 0 ORDER BY block DESC
"""
SOURCES = f"""
SELECT source FROM tally WHERE source != '' AND count > 0
UNION SELECT source FROM event WHERE "offset" > ({TAIL}) ORDER BY source
"""  # noqa: S608
LAST_POSSIBLE = 2**63 - 1


def kinds_json(kinds: Collection[str]) -> str:
    """Return kinds, or sources, as the statements take them, and as accounts keep them."""
    return msgspec.json.encode(sorted(kinds)).decode()


def enter(execute: Execute, last: int) -> None:
    """Enter the blocks that are full now that `last` is the last offset."""
    execute(ENTER, (last // BLOCK * BLOCK,))


def delete(execute: Execute, offsets: Sequence[int]) -> None:
    """Delete events."""
    listed = msgspec.json.encode(offsets).decode()
    execute(LEAVE % LISTED, (listed,))
    execute(DELETE + LISTED, (listed,))


def delete_up_to(execute: Execute, offset: int) -> None:
    """Delete all events up to an offset."""
    execute(LEAVE % UP_TO, (offset,))
    execute(EMPTIED, (offset // BLOCK,))
    execute(DELETE + UP_TO, (offset,))


def count(execute: Execute, kinds: str, after: int, upto: int = LAST_POSSIBLE) -> int:
    """Return how many events of some kinds, a JSON array, lie behind `after` and up to `upto`."""
    first, end = -(-after // BLOCK), min(upto, tail(execute)) // BLOCK
    if first >= end:
        return _rows(execute, kinds, after, upto)
    ((whole,),) = execute(SUM, (first, end, kinds))
    before = _rows(execute, kinds, after, first * BLOCK)
    return before + int(whole) + _rows(execute, kinds, end * BLOCK, upto)


def skip(
    execute: Execute, kinds: Collection[str], after: int, sources: Collection[str] = ()
) -> int:
    """Return an offset, `after` or higher, up to which no event of these kinds lies behind it.

    If there are `sources`, readings and aggregates of others do not count.
    """
    behind = tail(execute)
    if after >= behind:
        return after
    ((block,),) = execute(NEXT, (after // BLOCK, kinds_json(kinds), kinds_json(sources)))
    return max(after, behind if block is None else block * BLOCK)


def skip_back(
    execute: Execute, kinds: Collection[str], upto: int, sources: Collection[str] = ()
) -> int:
    """Return an offset, `upto` or lower, behind which no such event lies up to `upto`."""
    if upto > tail(execute):
        return upto
    last = (upto - 1) // BLOCK
    ((block,),) = execute(PREVIOUS, (last, kinds_json(kinds), kinds_json(sources)))
    return 0 if block is None else min(upto, (block + 1) * BLOCK)


def spans(execute: Execute, kind: str, source: str) -> Iterator[tuple[int, int]]:
    """Yield where readings or aggregates of a source can be, newest first: behind, and up to."""
    yield tail(execute), LAST_POSSIBLE
    for (block,) in execute(WITH_SOURCE, (kind, source)):
        yield block * BLOCK, (block + 1) * BLOCK


def sources(execute: Execute) -> list[str]:
    """Return who has readings or aggregates, and who is the source of anything in the tail."""
    return [source for (source,) in execute(SOURCES, ())]


def tail(execute: Execute) -> int:
    """Return the offset behind which no block has been entered."""
    return int(execute(TAIL, ())[0][0])


def _rows(execute: Execute, kinds: str, after: int, upto: int) -> int:
    return int(execute(ROWS, (after, upto, kinds))[0][0])
