"""Ranges: the values between which a number of an expression stays for any measured values."""

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

EQUALITY = (operator.eq, operator.ne)


class ValueRange(NamedTuple):
    """The smallest and the largest value, both included."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def is_point(self) -> bool:
        """Whether it holds a single value."""
        return self.low == self.high


ANY = ValueRange()
ZERO = ValueRange(0.0, 0.0)


def calculated(
    operation: Callable[[float, float], float], left: ValueRange, right: ValueRange
) -> ValueRange:
    """Return the range of `left operation right`, for + - * and /.

    Each is monotonic in both operands, so the extremes are at the corners; a divisor that may be
    zero has none.
    """
    if operation is operator.truediv and right.low <= 0 <= right.high:
        return ANY
    corners = [operation(a, b) for a in left for b in right]
    return ANY if any(map(math.isnan, corners)) else ValueRange(min(corners), max(corners))


def decided(
    operation: Callable[[Any, Any], bool], left: ValueRange, right: ValueRange
) -> bool | None:
    """Return what `left operation right` is for all values in the ranges; None if it depends."""
    if operation in EQUALITY:
        apart = left.high < right.low or right.high < left.low
        if not apart and not (left.is_point and right.is_point):
            return None
        return operation(left.low, right.low)
    outcomes = {operation(left.low, right.high), operation(left.high, right.low)}
    return outcomes.pop() if len(outcomes) == 1 else None
