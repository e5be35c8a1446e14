"""What the columns of a chart get from the event log: aggregates where they fit, else readings."""

from collections.abc import Iterator

from edge_agent.observe.web.history.columns import SECOND, Columns
from edge_agent.observe.web.history.coverage import Coverage
from edge_agent.observe.web.route import BadRequest
from edge_agent.samples import Samples, TimeSpan
from edge_agent.store.channel_reader import ChannelReader, LoggedChannel
from edge_agent.store.channel_rows import LoggedWindows
from edge_agent.store.slices import EVER, SLICE, OffsetSlice, SliceIndex
from edge_agent.store.thinning import MINUTE

MOST_EVENTS = 5_000_000  # that one answer reads
TOO_MANY = f"this span has more than {MOST_EVENTS:,} events: choose a shorter one"


def fill_columns(columns: Columns, reader: ChannelReader, channel: LoggedChannel) -> None:
    """Add what the log has of a channel; raise BadRequest if this is too much."""
    index = reader.index()
    coverage = Coverage(columns.span, columns.step)
    longer: list[Samples] = []
    since, until = columns.span
    begun = TimeSpan(since - max(until - since, MINUTE), until)
    for windows, thinned in logged_windows(reader, index, channel, begun):
        fits = coverage.fits(windows.seconds)
        if fits and not thinned:
            coverage.note(windows)
        if fits or thinned:
            columns.add(windows)
        elif windows.seconds * SECOND <= until - since:
            longer.append(windows)
    for part in reading_parts(index, channel, list(coverage.open_spans())):
        columns.add(reader.readings(channel, columns.span, part))
    columns.break_at(reader.starts(index, columns.span))
    for windows in sorted(longer, key=lambda one: one.seconds):
        columns.fill(windows)


def logged_windows(
    reader: ChannelReader, index: SliceIndex, channel: LoggedChannel, begun: TimeSpan
) -> Iterator[LoggedWindows]:
    """Yield the aggregates that begin in a span, if they are no longer than it.

    They are logged when they end.
    """
    ended = TimeSpan(begun.since, 2 * begun.until - begun.since)
    for part in index.of("aggregate", channel.device, [EVER if reader.has_thinned() else ended]):
        yield from reader.windows(channel, begun, part)


def reading_parts(
    index: SliceIndex, channel: LoggedChannel, spans: list[TimeSpan]
) -> list[OffsetSlice]:
    """Return where readings of some spans lie; raise BadRequest if there are too many events."""
    parts = index.of("reading", channel.device, spans)
    if len(parts) * SLICE > MOST_EVENTS:
        raise BadRequest(TOO_MANY)
    return parts
