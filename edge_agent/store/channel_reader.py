"""The past of channels, outputs and alerts, from what the log still has."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

from edge_agent.events import LoggedEvent
from edge_agent.samples import Samples, TimeSpan
from edge_agent.store import channel_rows
from edge_agent.store.channel_rows import LoggedWindows
from edge_agent.store.reader import LogReader
from edge_agent.store.retention import SEEN
from edge_agent.store.saved import read_saved
from edge_agent.store.skipped import UNREADABLE
from edge_agent.store.slices import OffsetSlice, SliceIndex
from edge_agent.store.tally import tail

MATCHING = """
SELECT time, data FROM event WHERE "offset" > ? AND "offset" <= ?
AND kind = ? AND source = ? AND time >= ? AND time < ? ORDER BY "offset"
"""
# Put together as text: this takes half the time of JSON functions.
ROWS = f"""
SELECT '[[' || group_concat(time) || '],[' || group_concat(data) || ']]' FROM ({MATCHING})
"""  # noqa: S608
SOURCES = """
SELECT source FROM tally WHERE kind IN ('reading', 'aggregate') AND count > 0
UNION SELECT source FROM event WHERE "offset" > ? AND kind IN ('reading', 'aggregate')
"""
ALERTS = """
FROM (SELECT * FROM event INDEXED BY alert
      WHERE kind = 'alert' AND time >= ? AND time < ? ORDER BY time DESC LIMIT ?)
"""
ALERTS_BEFORE = """
FROM event WHERE "offset" IN (
    SELECT max("offset") FROM event INDEXED BY alert
    WHERE kind = 'alert' AND time < ? GROUP BY source
)
"""
OUTPUTS = """
FROM (SELECT * FROM event WHERE "offset" > ? AND "offset" <= ?
      AND kind = 'output' AND time >= ? AND time < ? ORDER BY "offset" DESC LIMIT ?)
"""
STARTS = """
SELECT time FROM event WHERE "offset" > ? AND "offset" <= ? AND kind = 'lifecycle'
AND time >= ? AND time < ? AND data->>'what' = 'started'
"""
Found = TypeVar("Found")
Decode: TypeAlias = Callable[[str, str], Found]
Part: TypeAlias = tuple[Any, ...]

_logger = logging.getLogger(__name__)


class LoggedChannel(NamedTuple):
    """A channel of a device, by their names."""

    device: str
    name: str


class ChannelReader(LogReader):
    """Reads a span slice by slice, so that a caller may pause, or end, between two of them."""

    def sources(self) -> list[str]:
        """Return the names of all devices that the log has readings or aggregates of."""
        return sorted(name for (name,) in self._execute(SOURCES, (tail(self._execute),)))

    def index(self) -> SliceIndex:
        """Return where what lies, at this moment."""
        return SliceIndex(self._execute)

    def has_thinned(self) -> bool:
        """Return whether readings were ever replaced by aggregates, which then lie anywhere."""
        return read_saved(self._execute, SEEN) is not None

    def readings(self, channel: LoggedChannel, span: TimeSpan, part: OffsetSlice) -> Samples:
        """Return the readings of a span in a slice; those that do not decode are left out."""
        return self._decoded(channel_rows.readings, "reading", channel, span, part)

    def windows(
        self, channel: LoggedChannel, span: TimeSpan, part: OffsetSlice
    ) -> list[LoggedWindows]:
        """Return the aggregates that begin in a span, in a slice, by length."""
        return self._decoded(channel_rows.windows, "aggregate", channel, span, part)

    def starts(self, index: SliceIndex, span: TimeSpan) -> list[int]:
        """Return the times at which the agent was started."""
        parts = index.of("lifecycle", "", [span])
        return [time for part in parts for (time,) in self._execute(STARTS, (*part, *span))]

    def alerts(self, span: TimeSpan, limit: int) -> list[LoggedEvent]:
        """Return the latest alerts of a span, newest first."""
        return self._events(ALERTS, (*span, limit))

    def alerts_before(self, time: int) -> list[LoggedEvent]:
        """Return the last alert of each rule before a time in µs."""
        return self._events(ALERTS_BEFORE, (time,))

    def outputs(self, span: TimeSpan, limit: int) -> list[LoggedEvent]:
        """Return the latest changes of outputs in a span, newest first."""
        found: list[LoggedEvent] = []
        for part in reversed(self.index().of("output", "", [span])):
            found += self._events(OUTPUTS, (*part, *span, limit - len(found)))
            if len(found) == limit:
                break
        return found

    def _decoded(
        self,
        decode: Decode[Found],
        kind: str,
        channel: LoggedChannel,
        span: TimeSpan,
        part: OffsetSlice,
    ) -> Found:
        given = (*part, kind, channel.device, *span)
        ((text,),) = self._execute(ROWS, given)
        try:
            return decode(channel.name, text or channel_rows.NONE)
        except UNREADABLE as error:
            what = "rows of the event log behind offset %d cannot be read, and are skipped: %s"
            _logger.warning(what, part.after, error)
        rows = self._execute(MATCHING, given)
        readable = [row for row in rows if _decodes(decode, channel.name, row)]
        return decode(channel.name, channel_rows.joined(readable))


def _decodes(decode: Decode[Found], name: str, row: tuple[int, str]) -> bool:
    try:
        decode(name, channel_rows.joined([row]))
    except UNREADABLE:
        return False
    return True
