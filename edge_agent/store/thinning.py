"""Thinning: the readings of a device in one minute become one aggregate that takes less room.

An aggregate that was made of logged readings has `"thinned": true` and its window's begin as its
time. Each reading is counted in exactly one; those with the same begin add up. What a reading says
beside its values is left out; the ones without a value are counted as `missing`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from edge_agent.events import LoggedEvent
from edge_agent.store.insertion import EventRow
from edge_agent.summary import Summary

SECONDS = 60
MINUTE = SECONDS * 1_000_000  # µs
ROW = 40  # bytes of a row beside its data
GAIN = 2  # readings must take this many times the room of their aggregate


class _Data(msgspec.Struct):
    values: dict[str, float]


class Minute(NamedTuple):
    """One minute on the wall clock, or on the uptime of a boot; the clocks cannot be compared."""

    boot: int | None
    number: int


Windows: TypeAlias = dict[tuple[str, Minute], list[LoggedEvent]]
_encoder = msgspec.json.Encoder()
_data = msgspec.json.Decoder(_Data)


class Slice(NamedTuple):
    """What becomes of a slice of readings: those up to `upto` need not be looked at again."""

    aggregates: list[EventRow]
    thinned: list[LoggedEvent]
    upto: int


def thin(readings: Sequence[LoggedEvent], after: int, *, more: bool) -> Slice:
    """Return what becomes of the readings behind `after`; `more` says that others follow them.

    The minute of the last one is under way and waits for its other readings, unless there are only
    readings of this minute and more follow: then it is thinned in parts.
    """
    if not readings:
        return Slice([], [], after)
    windows = _windows(readings)
    over = {key: found for key, found in windows.items() if key[1] != _minute(readings[-1])}
    if not over and more:
        over = windows
    result = Slice([], [], max(_reach(readings, over), after))
    for (source, minute), found in over.items():
        _replace(source, minute, found, result)
    result.thinned.sort()
    return result


def _windows(readings: Iterable[LoggedEvent]) -> Windows:
    windows: Windows = {}
    for reading in readings:
        windows.setdefault((reading.source, _minute(reading)), []).append(reading)
    return windows


def _minute(reading: LoggedEvent) -> Minute:
    return Minute(reading.boot, _position(reading) // MINUTE)


def _position(reading: LoggedEvent) -> int:
    return reading.time if reading.uptime is None else reading.uptime


def _reach(readings: Sequence[LoggedEvent], over: Windows) -> int:
    """Return the last offset before the first reading of a window that is not over."""
    for reading in readings:
        if (reading.source, _minute(reading)) not in over:
            return reading.offset - 1
    return readings[-1].offset


def _replace(source: str, minute: Minute, found: list[LoggedEvent], result: Slice) -> None:
    try:
        data = _encoder.encode(_aggregate(found)).decode()
    except msgspec.MsgspecError:  # of an older version
        return
    if GAIN * (len(data) + ROW) <= sum(len(reading.data) + ROW for reading in found):
        result.aggregates.append(_row(found[0], source, minute, data))
        result.thinned.extend(found)


def _aggregate(found: Iterable[LoggedEvent]) -> dict[str, Any]:
    channels: dict[str, Summary] = {}
    missing = 0
    for values in _values(found):
        missing += not values
        for name, value in values.items():
            channels.setdefault(name, Summary()).count(value)
    summaries = {name: channel.as_dict() for name, channel in channels.items()}
    noted = {"missing": missing} if missing else {}
    return {"seconds": SECONDS, "values": summaries, **noted, "thinned": True}


def _values(found: Iterable[LoggedEvent]) -> Iterator[dict[str, float]]:
    for reading in found:
        yield _data.decode(reading.data).values


def _row(first: LoggedEvent, source: str, minute: Minute, data: str) -> EventRow:
    into = _position(first) - minute.number * MINUTE
    uptime = None if first.uptime is None else first.uptime - into
    return (first.time - into, first.boot, uptime, "aggregate", source, data)
