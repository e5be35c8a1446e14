"""The oldest events of some kinds, found without reading what was read in vain before.

The log has no index of kinds: it would cost an SD card a page for each commit.
"""

from collections.abc import Collection

from edge_agent.events import LoggedEvent
from edge_agent.store.event_rows import OF_KINDS, read_events
from edge_agent.store.tally import Execute, kinds_json, skip


class Oldest:
    """Reads the log that `execute` writes to; offsets only grow, so what it passed stays passed."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._passed: dict[frozenset[str], tuple[int, int]] = {}  # none of these kinds in between

    def read(self, kinds: Collection[str], after: int, upto: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` events of these kinds behind `after` and up to `upto`."""
        key = frozenset(kinds)
        first, last = self._passed.get(key, (after, after))
        begin = skip(self._execute, kinds, last if first <= after <= last else after)
        if begin >= upto:
            return []
        wanted = kinds_json(kinds)
        found = read_events(self._execute, OF_KINDS, (begin, upto, wanted, limit))
        self._passed[key] = (after, found[0].offset - 1 if found else upto)
        return found
