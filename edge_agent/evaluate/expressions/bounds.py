"""Bounds: what a condition says about single values, and whether any value fits."""

import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

Operation: TypeAlias = Callable[[Any, Any], Any]
MIRRORED: dict[Operation, Operation] = {
    operator.lt: operator.gt,
    operator.le: operator.ge,
    operator.gt: operator.lt,
    operator.ge: operator.le,
    operator.eq: operator.eq,
    operator.ne: operator.ne,
}
OPPOSITE: dict[Operation, Operation] = {
    operator.lt: operator.ge,
    operator.le: operator.gt,
    operator.gt: operator.le,
    operator.ge: operator.lt,
    operator.eq: operator.ne,
    operator.ne: operator.eq,
}
UPWARDS = frozenset({operator.lt, operator.le})
DOWNWARDS = frozenset({operator.gt, operator.ge})
FROM_BELOW = DOWNWARDS | {operator.eq}
FROM_ABOVE = UPWARDS | {operator.eq}


class Bound(NamedTuple):
    """`piece operation value`, where `piece` is the text of what is compared."""

    piece: str
    operation: Operation
    value: float


class Implied(NamedTuple):
    """The bounds that hold wherever a condition is true, and those that do where it is false.

    If a known value breaks a bound, the condition is known as well: it is the opposite. It is true
    for at most `lasts` seconds at a time.
    """

    if_true: frozenset[Bound] = frozenset()
    if_false: frozenset[Bound] = frozenset()
    lasts: float = math.inf

    def negated(self) -> "Implied":
        """Return what `not` implies."""
        return Implied(self.if_false, self.if_true)

    def both(self, other: "Implied") -> "Implied":
        """Return what `and` implies; where it is false, either part may be."""
        lasts = min(self.lasts, other.lasts)
        return Implied(self.if_true | other.if_true, self.if_false & other.if_false, lasts)


NOTHING_IMPLIED = Implied()


def implied_by(bound: Bound) -> Implied:
    """Return what a comparison implies that says nothing but this."""
    opposite = bound._replace(operation=OPPOSITE[bound.operation])
    return Implied(frozenset({bound}), frozenset({opposite}))


def joined(parts: Iterable[Implied], *, decisive: bool) -> Implied:
    """Return what `or` implies if `decisive` is True, `and` if it is False."""
    if decisive:  # a or b is not (not a and not b)
        return joined((one.negated() for one in parts), decisive=False).negated()
    return reduce(Implied.both, parts)


def hull(bounds: Iterable[Bound], low: float, high: float) -> tuple[float, float]:
    """Return the lowest and the highest value that may fit, of those from `low` to `high`."""
    lower = [one.value for one in bounds if one.operation in FROM_BELOW]
    upper = [one.value for one in bounds if one.operation in FROM_ABOVE]
    return max(lower, default=low), min(upper, default=high)


def contradiction(bounds: Iterable[Bound]) -> str:
    """Return the piece that no value fits; "" if there is none."""
    by_piece: dict[str, list[Bound]] = defaultdict(list)
    for one in bounds:
        by_piece[one.piece].append(one)
    return next((piece for piece, those in sorted(by_piece.items()) if _none_fits(those)), "")


def _none_fits(bounds: list[Bound]) -> bool:
    """Return whether the highest lower bound is above the lowest upper one; a strict one counts."""
    lower = [(b.value, b.operation is operator.gt) for b in bounds if b.operation in FROM_BELOW]
    upper = [(b.value, b.operation is not operator.lt) for b in bounds if b.operation in FROM_ABOVE]
    low, strict = max(lower, default=(-math.inf, False))
    high, included = min(upper, default=(math.inf, True))
    excluded = {b.value for b in bounds if b.operation is operator.ne}
    return low > high or (low == high and (strict or not included or low in excluded))
