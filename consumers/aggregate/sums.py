"""What the values of a window come to, in numbers that add up exactly in any order.

A value counts as a whole number of 2**-60, cut towards zero, so a sum never rounds: it is the same
in whatever order values arrive, and however often it is saved between. From 2**-8 to 2**40, a value
counts exactly as it is; a smaller one may lose what is below 2**-60.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

UNIT = 2.0**60  # units of a sum in 1
LARGEST = 2.0**40  # a value beyond it is in no window: 2**27 values of this size fit a HUGEINT


class Sums(NamedTuple):
    """What values come to; `last` is the one of `last_time` and, at that time, `last_offset`."""

    number: int  # how many values there are
    total: int  # in units
    low: float
    high: float
    last: float
    last_time: datetime
    last_offset: int

    @property
    def mean(self) -> float:
        """Return the mean: every engine that rounds as IEEE 754 says gets the same digits."""
        return max(self.low, min(self.high, float(self.total) / self.number / UNIT))


def countable(value: float) -> bool:
    """Return whether a value can be in a window."""
    return -LARGEST <= value <= LARGEST


def units(value: float) -> int:
    """Return a value as a whole number of units."""
    return int(value * UNIT)


def sums_of(values: Sequence[float], last: float, time: datetime, offset: int) -> Sums:
    """Return what countable values come to; the latest is `last`, of this time and offset."""
    total = sum([int(value * UNIT) for value in values])  # as `units` does, in half the time
    return Sums(len(values), total, min(values), max(values), last, time, offset)


def merged(one: Sums, other: Sums) -> Sums:
    """Return what the values of both come to."""
    late = max(one, other, key=_recency)
    return Sums(
        one.number + other.number,
        one.total + other.total,
        min(one.low, other.low),
        max(one.high, other.high),
        *late[4:],
    )


def _recency(sums: Sums) -> tuple[datetime, int, float]:
    return sums.last_time, sums.last_offset, sums.last
