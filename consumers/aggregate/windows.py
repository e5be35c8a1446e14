"""Windows: what the values of a channel come to within whole minutes, quarters, hours and days."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from consumers.aggregate.sums import Sums, countable, merged, units
from edge_agent.schema.events import AggregateV1, ChannelSummaryV1

# Seconds by name. Each is a multiple of the one before it, and all divide a day of UTC.
LENGTHS: Mapping[str, int] = MappingProxyType({"1m": 60, "15m": 900, "1h": 3600, "1d": 86_400})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
DAY = LENGTHS["1d"]


class Series(NamedTuple):
    """What has values: a channel of a device of a node."""

    node: str
    device: str
    channel: str


class ChannelWindow(NamedTuple):
    """A channel's window: it begins at `start`, in UTC; `length` is its name in LENGTHS."""

    length: str
    start: datetime
    node: str
    device: str
    channel: str


Windows: TypeAlias = dict[ChannelWindow, Sums]


def storable(name: str) -> str:
    """Return a name as every store takes it: PostgreSQL has no text with a zero character."""
    return name.replace("\0", "\ufffd")


def windows_at(time: datetime, series: Series) -> Iterator[ChannelWindow]:
    """Yield the windows of a channel in which a time lies, the shortest first."""
    for length, seconds in LENGTHS.items():
        yield ChannelWindow(length, time - (time - EPOCH) % timedelta(seconds=seconds), *series)


def windows_of(minutes: Iterable[tuple[Series, datetime, Sums]]) -> Windows:
    """Return the windows of every length that these minutes come to."""
    windows: Windows = {}
    for series, minute, sums in minutes:
        for window in windows_at(minute, series):
            add(windows, window, sums)
    return windows


def add(windows: Windows, window: ChannelWindow, sums: Sums) -> None:
    """Add what other values of a window come to."""
    known = windows.get(window)
    windows[window] = sums if known is None else merged(known, sums)


def summarised(
    node: str, device: str, start: datetime, offset: int, data: AggregateV1
) -> Iterator[tuple[ChannelWindow, Sums]]:
    """Yield the windows to which an agent's summary belongs: those that contain all of it."""
    last_time = start + timedelta(seconds=min(data.seconds, DAY)) - INSTANT
    for channel, summary in data.values.items():
        sums = _sums(summary, last_time, offset)
        for window in windows_at(start, Series(node, storable(device), storable(channel))):
            if sums and _contains(window, start, data.seconds):
                yield window, sums


def _contains(window: ChannelWindow, start: datetime, seconds: int) -> bool:
    return (start - window.start).total_seconds() + seconds <= LENGTHS[window.length]


def _sums(summary: ChannelSummaryV1, last_time: datetime, offset: int) -> Sums | None:
    extremes = summary.min, summary.max
    if not all(map(countable, (*extremes, summary.mean, summary.last, summary.count))):
        return None
    total = units(summary.mean) * summary.count
    return Sums(summary.count, total, *extremes, summary.last, last_time, offset)


def less(readings: Iterable[tuple[Series, datetime, float]]) -> Windows:
    """Return what takes readings out of their windows again, except of extremes and `last`."""
    windows: Windows = {}
    for series, time, value in readings:
        gone = Sums(-1, -units(value), float("inf"), float("-inf"), 0.0, EPOCH, -1)
        for window in windows_at(time, series):
            add(windows, window, gone)
    return windows
