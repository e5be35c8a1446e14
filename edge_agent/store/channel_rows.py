"""Rows of the log decoded as far as one channel needs it: this is what makes a week readable."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from edge_agent.samples import Samples

KNOWN = 64  # channels whose decoders are kept
NONE = "[[],[]]"
Seconds = Annotated[int, Meta(ge=1, le=86_400)]


class LoggedSummary(msgspec.Struct, frozen=True, gc=False):
    """What an aggregate says of a channel."""

    min: float
    mean: float
    max: float


class LoggedWindows(NamedTuple):
    """Aggregates of one length; those that are `thinned` replace readings."""

    samples: Samples
    thinned: bool


def joined(rows: Iterable[tuple[int, str]]) -> str:
    """Return times and data as the functions below take them: `[times, data]`, as JSON."""
    times, data = zip(*rows, strict=True) if (rows := list(rows)) else ((), ())
    return f"[[{','.join(map(str, times))}],[{','.join(data)}]]"


def readings(channel: str, text: str) -> Samples:
    """Return the readings of a channel; raise one of UNREADABLE if a row does not decode."""
    times, rows = _decoded(channel, float, text)
    return Samples.of_readings(times, [row.values.channel for row in rows])


def windows(channel: str, text: str) -> list[LoggedWindows]:
    """Return the aggregates by length; raise one of UNREADABLE if a row does not decode."""
    times, rows = _decoded(channel, LoggedSummary, text)
    groups: dict[tuple[int, bool], list[tuple[int, LoggedSummary]]] = defaultdict(list)
    for time, row in zip(times, rows, strict=True):
        if row.values.channel is not None:
            groups[row.seconds, row.thinned].append((time, row.values.channel))
    return [
        LoggedWindows(_samples(seconds, found), thinned)
        for (seconds, thinned), found in groups.items()
    ]


def _decoded(channel: str, kind: type, text: str) -> tuple[list[int], list[Any]]:
    times, rows = _decoder(channel, kind).decode(text)
    if len(times) != len(rows):
        raise ValueError("a row is no JSON object")
    return times, rows


def _samples(seconds: int, found: Iterable[tuple[int, LoggedSummary]]) -> Samples:
    rows = [(time, one.mean, one.min, one.max) for time, one in found]
    times, values, lows, highs = zip(*rows, strict=True)
    return Samples(times, values, lows, highs, seconds)


@lru_cache(KNOWN)
def _decoder(channel: str, kind: type) -> msgspec.json.Decoder[tuple[list[int], list[Any]]]:
    """Return what decodes one channel of the rows, and skips the others."""
    name = {"channel": channel}
    values = msgspec.defstruct(
        "Values", [("channel", kind | None, None)], rename=name, gc=False, frozen=True
    )
    fields: list[tuple[str, Any, Any]] = [
        ("values", values, values()),
        ("seconds", Seconds, 1),
        ("thinned", bool, False),
    ]
    row = msgspec.defstruct("Row", fields, gc=False)
    return msgspec.json.Decoder(tuple[list[int], list[row]])  # type: ignore[valid-type]
