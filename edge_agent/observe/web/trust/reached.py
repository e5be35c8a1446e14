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
    """Return when an offset was reached; None if it is not yet, or by the first time already.

    What the first one reached may have been reached before: nothing is known of that.
    """
    place = bisect_left(reaches, offset, key=lambda one: one.offset)
    return reaches[place] if 0 < place < len(reaches) else None
