"""Values of one channel over a span of time, as logs and stores keep them."""

from collections.abc import Sequence
from typing import NamedTuple


class TimeSpan(NamedTuple):
    """A span of time, in µs since 1970 UTC; `until` is not part of it."""

    since: int
    until: int


class Samples(NamedTuple):
    """Readings of one channel, or summaries of windows of `seconds`; `times` are their begins.

    Times are in µs since 1970 UTC. The value of a summary is its mean. All three values of a
    reading are the same, and None if it has no right value.
    """

    times: Sequence[int]
    values: Sequence[float | None]
    lows: Sequence[float | None]
    highs: Sequence[float | None]
    seconds: int = 0

    @classmethod
    def of_readings(cls, times: Sequence[int], values: Sequence[float | None]) -> "Samples":
        """Return readings."""
        return cls(times, values, values, values)
