"""A group of events as rows: what a store commits at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from consumers.aggregate.sums import Sums, countable, sums_of
from consumers.aggregate.windows import Series, Windows, add, storable, summarised, windows_of
from consumers.received_event import ReceivedEvent
from edge_agent.schema.events import AggregateV1

# One right value: time, offset, value, log. A named tuple would take twice the time.
Reading: TypeAlias = tuple[datetime, int, float, str]
Device: TypeAlias = tuple[str, str]  # of a node
YEARS = range(1970, 9999)  # a time outside of them is in no window
PLAIN = 2  # fields of a reading, values and quality; one that says more is an event too


class StoredEvent(NamedTuple):
    """An event that is no mere reading; `data` is JSON."""

    time: datetime
    node: str
    kind: str
    version: int
    subject: str
    data: str
    log: str
    offset: int


class Untimed(NamedTuple):
    """An event, as JSON, of a node whose clock was not set yet: it waits for its time."""

    log: str
    offset: int
    node: str
    event: str


class Thinned(NamedTuple):
    """Offsets whose readings are in a summary as well."""

    log: str
    first: int
    last: int


class EventGroup:
    """Rows of events that were not taken before, and what is to be added to their windows."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.untimed: list[Untimed] = []
        self.thinned: list[Thinned] = []
        self.summaries: Windows = {}  # of agents
        self._readings: dict[Device, dict[str, list[Reading]]] = {}  # by channel
        self._takes = {
            ("reading", 1): self._take_reading,
            ("aggregate", 1): self._take_summaries,
            ("gap", 1): self._take_gap,
        }

    def __bool__(self) -> bool:
        return bool(self._readings or self.events or self.untimed)

    def take(self, event: ReceivedEvent) -> None:
        """Take an event."""
        if not event.trusted:
            text = msgspec.json.encode(event.decoded).decode()
            self.untimed.append(Untimed(event.log, event.offset, event.node, text))
            return
        take = self._takes.get((event.kind, event.version))
        if take is None or event.time.year not in YEARS or not take(event):
            self.events.append(_stored(event))

    def readings(self) -> Iterator[tuple[Series, list[Reading]]]:
        """Yield the right values of channels; a channel may come in several parts."""
        for (node, device), channels in self._readings.items():
            for channel, rows in channels.items():
                yield Series(node, storable(device), storable(channel)), rows

    def windows(self) -> Windows:
        """Return what is to be added to windows: by readings, and by summaries of agents."""
        windows = windows_of(self._sums())
        for window, sums in self.summaries.items():
            add(windows, window, sums)
        return windows

    def _sums(self) -> Iterator[tuple[Series, datetime, Sums]]:
        for series, readings in self.readings():
            for minute, rows in _by_minute(readings).items():
                sums = _sums(rows)
                if sums:
                    yield series, minute, sums

    def _take_reading(self, event: ReceivedEvent) -> bool:
        """Take the values; return whether the reading says no more than that."""
        time, log, offset, data = event.time, event.log, event.offset, event.data
        device = event.node, event.subject
        channels = self._readings.get(device)
        if channels is None:
            channels = self._readings[device] = {}
        for channel, value in data["values"].items():
            rows = channels.get(channel)
            if rows is None:
                rows = channels[channel] = []
            rows.append((time, offset, float(value), log))
        return len(data) == PLAIN and data["quality"] == "good"

    def _take_summaries(self, event: ReceivedEvent) -> bool:
        data = msgspec.convert(event.data, AggregateV1)
        found = summarised(event.node, event.subject, event.time, event.offset, data)
        for window, sums in found:
            add(self.summaries, window, sums)
        return False

    def _take_gap(self, event: ReceivedEvent) -> bool:
        if event.data["reason"] == "thinned":
            log = event.data.get("log") or event.log
            self.thinned += [Thinned(log, first, last) for first, last in event.data["ranges"]]
        return False


def _by_minute(readings: Iterable[Reading]) -> dict[datetime, list[Reading]]:
    minutes: dict[datetime, list[Reading]] = {}
    for row in readings:
        minutes.setdefault(row[0].replace(second=0, microsecond=0), []).append(row)
    return minutes


def _sums(rows: Sequence[Reading]) -> Sums | None:
    """Return what countable values come to; None if there are none."""
    values = [value for _, _, value, _ in rows]
    if not (countable(min(values)) and countable(max(values))):
        rows = [row for row in rows if countable(row[2])]
        return _sums(rows) if rows else None
    time, offset, last, _ = max(rows)
    return sums_of(values, last, time, offset)


def _stored(event: ReceivedEvent) -> StoredEvent:
    return StoredEvent(
        event.time,
        event.node,
        event.kind,
        event.version,
        storable(event.subject),
        msgspec.json.encode(event.data).decode(),
        event.log,
        event.offset,
    )
