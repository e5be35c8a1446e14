"""When a sink, or the log, had all events up to an offset."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

LOG = None
Place: TypeAlias = str | None  # a sink, or the log


class Reached(NamedTuple):
    """A place had all events up to an offset, at a time in µs since 1970."""

    offset: int
    time: int


Reaches: TypeAlias = Mapping[Place, Sequence[Reached]]


def when_reached(reaches: Sequence[Reached], offset: int) -> Reached | None:
    """Return when an offset was reached; None if that was before the first time, or is not yet.

    What the first one reached beside its own offset is not known.
    """
    place = bisect_left(reaches, offset, key=lambda one: one.offset)
    if place == len(reaches) or (place == 0 and reaches[0].offset != offset):
        return None
    return reaches[place]
