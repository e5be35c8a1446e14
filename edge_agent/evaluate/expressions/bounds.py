"""Bounds: what comparisons with fixed numbers say about one value, and whether any value fits."""

import math
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from edge_agent.evaluate.expressions.typed import CLOCK, DAY, Term

Operation: TypeAlias = Callable[[Any, Any], Any]
MIRRORED: dict[Operation, Operation] = {
    operator.lt: operator.gt,
    operator.le: operator.ge,
    operator.gt: operator.lt,
    operator.ge: operator.le,
    operator.eq: operator.eq,
}
OPPOSITE: dict[Operation, Operation] = {
    operator.lt: operator.ge,
    operator.le: operator.gt,
    operator.gt: operator.le,
    operator.ge: operator.lt,
    operator.ne: operator.eq,
}
UPWARDS = frozenset({operator.lt, operator.le})
DOWNWARDS = frozenset({operator.gt, operator.ge})


class Bound(NamedTuple):
    """`piece operation value`, where `piece` is the text of what is compared."""

    piece: str
    operation: Operation
    value: float


def bounds_of(
    operation: Operation, pieces: tuple[str, str], terms: tuple[Term, Term]
) -> set[Bound]:
    """Return what a comparison says, if one side is a fixed number."""
    (left, right), (a, b) = pieces, terms
    if b.range.is_point and not a.range.is_point:
        return {Bound(left, operation, b.range.low)}
    if a.range.is_point and not b.range.is_point and operation in MIRRORED:
        return {Bound(right, MIRRORED[operation], a.range.low)}
    return set()


def opposite(bounds: Iterable[Bound]) -> set[Bound]:
    """Return the bounds that hold where none of these does."""
    known = (one for one in bounds if one.operation in OPPOSITE)
    return {one._replace(operation=OPPOSITE[one.operation]) for one in known}


def contradiction(bounds: Iterable[Bound]) -> str:
    """Return the piece that no value fits; "" if there is none."""
    by_piece: dict[str, list[Bound]] = defaultdict(list)
    for one in bounds:
        by_piece[one.piece].append(one)
    return next((piece for piece, those in by_piece.items() if _none_fits(those)), "")


def _none_fits(bounds: list[Bound]) -> bool:
    """Return whether the highest lower bound is above the lowest upper one; a strict one counts."""
    lower = [(b.value, b.operation is operator.gt) for b in bounds if b.operation not in UPWARDS]
    upper = [
        (b.value, b.operation is not operator.lt) for b in bounds if b.operation not in DOWNWARDS
    ]
    low, strict = max(lower, default=(-math.inf, False))
    high, included = min(upper, default=(math.inf, True))
    return low > high or (low == high and (strict or not included))


def wraps(operations: list[Operation], terms: list[Term]) -> bool:
    """Return whether a chain goes over midnight, or over the end of the week.

    `22:00 <= time < 6:00` does, and so does `6:00 > time >= 22:00`.
    """
    if len(terms) != 3 or terms[1].range.is_point or terms[1].unit not in {CLOCK, DAY}:
        return False
    first, last = terms[0].range, terms[2].range
    if not (first.is_point and last.is_point):
        return False
    if UPWARDS.issuperset(operations):
        return first.low > last.low
    return DOWNWARDS.issuperset(operations) and first.low < last.low
