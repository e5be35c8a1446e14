"""The reports of what is missing: gap events, each of which fits into any message.

A report of many ranges becomes several events, each with an offset of its own. So no destination
ever has to shorten one: an id would name two contents.
"""

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from edge_agent.clock import Moment
from edge_agent.events import Event, gap

RANGES = 10  # in one event: with 16-digit offsets, its message takes less than 1 kB
LEAVE_OUT = ("damaged", "went_back")  # reasons; otherwise an event had each offset in the ranges
REASON_LENGTH = 110  # a destination's words must not fill the event

Ranges = list[tuple[int, int]]


class Missing(NamedTuple):
    """Offsets from `first` up to `last`, of which `lost` belonged to events that are lost."""

    first: int
    last: int
    lost: int


class Reported(msgspec.Struct):
    """What a gap event says."""

    reason: str
    count: int
    ranges: Ranges

    @property
    def left_out(self) -> Ranges:
        """Return the offsets that no event ever had: they follow those that count."""
        found, lost = [], self.count if self.reason in LEAVE_OUT else sys.maxsize
        for first, last in self.ranges:
            if first + lost <= last:
                found.append((first + lost, last))
            lost = max(lost - (last - first + 1), 0)
        return found


def report(
    moment: Moment, reason: str, missing: Sequence[Missing], *, log: str = ""
) -> Iterator[Event]:
    """Yield the gap events about what is missing; `log` as for `gap`.

    Offsets that no event ever had come last: that is how they are known later.
    """
    for n in range(0, len(missing), RANGES):
        part = missing[n : n + RANGES]
        spans = [(one.first, one.last) for one in part]
        count = sum(one.lost for one in part)
        yield gap(moment, reason[:REASON_LENGTH], spans, count, log=log)


def all_of(spans: Iterable[tuple[int, int]]) -> list[Missing]:
    """Return the ranges as missing, with every offset in them."""
    return [Missing(first, last, last - first + 1) for first, last in spans]


def counted(offsets: Sequence[int], awaited: Sequence[int]) -> list[Missing]:
    """Return ascending offsets as missing; those that were `awaited`, ascending, count."""
    return [
        Missing(first, last, bisect_right(awaited, last) - bisect_left(awaited, first))
        for first, last in ranges(offsets)
    ]


def merged(spans: Iterable[tuple[int, int]]) -> Ranges:
    """Return the same offsets, ascending, each in one range."""
    found: Ranges = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def ranges(offsets: Iterable[int]) -> Ranges:
    """Return ascending offsets as inclusive ranges: 1, 2, 3, 7 → (1, 3), (7, 7)."""
    ordered = list(offsets)
    breaks = [n for n, (one, next_) in enumerate(pairwise(ordered), 1) if next_ != one + 1]
    starts, ends = [0, *breaks], [*breaks, len(ordered)]
    return [(ordered[a], ordered[b - 1]) for a, b in zip(starts, ends, strict=True) if b > a]
