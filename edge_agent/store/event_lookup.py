"""Finds single events in the log, and the gap events that say what became of others."""

from edge_agent.events import LoggedEvent
from edge_agent.store.reader import LogReader
from edge_agent.store.tally import spans

GAPS_BEFORE = """
FROM (
    SELECT * FROM event WHERE kind = 'gap' AND "offset" > ? AND "offset" <= ?
    ORDER BY "offset" DESC LIMIT ?
)
"""


class EventLookup(LogReader):
    """Reads only the blocks of the log that can have what is looked for."""

    def find(self, offset: int) -> LoggedEvent | None:
        """Return the event with an offset; None if the log does not have it."""
        found = self.read_after(offset - 1, 1)
        return found[0] if found and found[0].offset == offset else None

    def gaps_after(self, offset: int, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` gap events behind an offset, oldest first."""
        found: list[LoggedEvent] = []
        for after, upto in reversed([*spans(self._execute, "gap", "")]):
            if upto > offset and len(found) < limit:
                found += self.read_kinds(("gap",), max(after, offset), upto, limit - len(found))
        return found

    def latest_gaps(self, limit: int) -> list[LoggedEvent]:
        """Return up to `limit` gap events, newest first."""
        found: list[LoggedEvent] = []
        for after, upto in spans(self._execute, "gap", ""):
            if len(found) < limit:
                found += self._events(GAPS_BEFORE, (after, upto, limit - len(found)))
        return found
