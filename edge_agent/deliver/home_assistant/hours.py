"""What channels came to in each hour, from logged readings and aggregates.

Readings are counted one by one, and what was thinned out of the log by its aggregates. With a dead
band, the log lacks readings that the aggregates have counted: of an hour, the windows that counted
most values are taken.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from edge_agent.events import LoggedEvent

HOUR = 3_600_000_000  # µs
KINDS = frozenset({"reading", "aggregate"})
READINGS = 0  # in place of a window's length


class WindowValues(msgspec.Struct):
    """What one window of a channel came to."""

    count: float
    min: float
    mean: float
    max: float
    last: float


class ReadingData(msgspec.Struct):
    """A reading's data."""

    values: dict[str, float]


class AggregateData(msgspec.Struct):
    """An aggregate's data."""

    seconds: Annotated[int, Meta(ge=1)]
    values: dict[str, WindowValues]
    thinned: bool = False


class HourValues(msgspec.Struct, frozen=True):
    """What a channel came to in an hour."""

    count: float = 0
    min: float = math.inf
    mean: float = 0.0
    max: float = -math.inf
    last: float = 0.0
    at: int = 0  # when the last value was measured, in µs since 1970

    def with_window(self, one: WindowValues, at: int) -> "HourValues":
        """Return it with the values of a window that begins `at`."""
        count = self.count + one.count
        mean = self.mean + (one.mean - self.mean) * one.count / count
        last, latest = (one.last, at) if at >= self.at else (self.last, self.at)
        return HourValues(count, min(self.min, one.min), mean, max(self.max, one.max), last, latest)


class ChannelHours:
    """Adds the events of some devices up, from hour `first` to before hour `end`."""

    def __init__(self, devices: Collection[str], first: int, end: int) -> None:
        self._devices = devices
        self._hours = range(first, end)
        self._found: dict[tuple[str, str, int], dict[int, HourValues]] = {}

    def add(self, event: LoggedEvent) -> None:
        """Count an event, if it is of these devices and hours, and its time is known."""
        hour = event.time // HOUR
        if event.source not in self._devices or event.boot is not None or hour not in self._hours:
            return
        for length, name, values in _windows(event):
            lengths = self._found.setdefault((event.source, name, hour), {})
            before = lengths.get(length, HourValues())
            lengths[length] = before.with_window(values, event.time)

    def of(self, device: str, channel: str) -> dict[int, HourValues]:
        """Return what a channel came to, by hour since 1970."""
        found = {hour: self._found.get((device, channel, hour)) for hour in self._hours}
        return {hour: _fullest(lengths) for hour, lengths in found.items() if lengths}


def _windows(event: LoggedEvent) -> Iterator[tuple[int, str, WindowValues]]:
    """Yield the length, the channel and the values of each window that an event has."""
    try:
        if event.kind == "reading":
            reading = msgspec.json.decode(event.data, type=ReadingData)
            for name, value in reading.values.items():
                yield READINGS, name, WindowValues(1, value, value, value, value)
        elif event.kind == "aggregate":
            aggregate = msgspec.json.decode(event.data, type=AggregateData)
            length = READINGS if aggregate.thinned else aggregate.seconds
            if 3600 % aggregate.seconds == 0:
                for name, window in aggregate.values.items():
                    yield length, name, window
    except msgspec.MsgspecError:  # of an older version
        return


def _fullest(lengths: Mapping[int, HourValues]) -> HourValues:
    return max(lengths.items(), key=lambda one: (one[1].count, one[0] == READINGS))[1]
