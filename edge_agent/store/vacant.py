"""Offsets without an event that are accounted for: it has left the log, or there never was one.

What leaves in front of events that wait leaves such offsets. A salvage does not count them as lost,
nor bring their events back from an old page. A gap event may name them, but can itself leave the
log.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from edge_agent.store.gaps import Ranges, merged, ranges
from edge_agent.store.tally import Execute

TABLE = """
CREATE TABLE vacant (
    first INTEGER PRIMARY KEY,    -- offsets, up to
    last INTEGER NOT NULL,
    lost BOOLEAN NOT NULL         -- a sink waited for their events; false if none did
)
"""
# Ranges do not overlap: only the one that begins before the new ones can reach to them.
TAKE_NEAR = """
DELETE FROM vacant
WHERE first >= (SELECT coalesce(max(first), 0) FROM vacant WHERE first <= ?1)
AND first <= ?2 AND last >= ?1 AND lost = ?3 RETURNING first, last
"""
ADD = "INSERT OR REPLACE INTO vacant SELECT value->>0, value->>1, ? FROM json_each(?)"
FORGET = "DELETE FROM vacant WHERE last <= ?"


class VacantRange(NamedTuple):
    """Offsets from `first` up to `last`; `lost` if an account counts their events."""

    first: int
    last: int
    lost: int


class VacantOffsets:
    """Keeps these offsets, within the transactions of the log that `execute` writes to."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def note_dropped(self, offsets: Iterable[int], awaited: Sequence[int]) -> None:
        """Note ascending offsets of events that leave the log; a sink waits for the `awaited`."""
        waiting = set(awaited)
        self.note(ranges(awaited), lost=True)
        self.note(ranges(offset for offset in offsets if offset not in waiting), lost=False)

    def note(self, spans: Ranges, *, lost: bool) -> None:
        """Note ascending ranges; what touches each other becomes one."""
        if spans:
            near = (spans[0][0] - 1, spans[-1][1] + 1, lost)
            taken = self._execute(TAKE_NEAR, near)
            json = msgspec.json.encode(merged([*taken, *spans])).decode()
            self._execute(ADD, (lost, json))

    def forget(self, last: int) -> None:
        """Forget what lies up to `last`: no event before it is left."""
        self._execute(FORGET, (last,))
