"""Checks of comparisons: those that are always true or always false make no rule."""

import ast
import math
import operator
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from edge_agent.evaluate.expressions import ranges
from edge_agent.evaluate.expressions.bounds import (
    DOWNWARDS,
    MIRRORED,
    NOTHING_IMPLIED,
    UPWARDS,
    Bound,
    Implied,
    Operation,
    contradiction,
    hull,
    implied_by,
    joined,
)
from edge_agent.evaluate.expressions.line import Line, cut
from edge_agent.evaluate.expressions.staleness import valueless
from edge_agent.evaluate.expressions.typed import CLOCK, DAY, Term

DAY_SECONDS = 86400.0


class Chain(NamedTuple):
    """A comparison of two or more parts, as in `18 < x < 24`; the terms have one unit."""

    node: ast.Compare
    operations: Sequence[Operation]
    nodes: Sequence[ast.expr]
    terms: Sequence[Term]

    @property
    def wraps(self) -> bool:
        """Whether it goes over midnight, or over the end of the week.

        `22:00 <= time < 6:00` does, and so does `6:00 > time >= 22:00`.
        """
        if len(self.terms) != 3 or self.terms[1].unit not in {CLOCK, DAY}:
            return False
        first, middle, last = (term.range for term in self.terms)
        if middle.is_point or not (first.is_point and last.is_point):
            return False
        if UPWARDS.issuperset(self.operations):
            return first.low > last.low
        return DOWNWARDS.issuperset(self.operations) and first.low < last.low


def checked(line: Line, chain: Chain) -> Implied | None:
    """Return what a comparison says about its parts; None if it is decided, or no use: noted."""
    pieces = [line.piece(part) for part in chain.nodes]
    links = [
        _implied(*each)
        for each in zip(chain.operations, pairwise(pieces), pairwise(chain.terms), strict=True)
    ]
    implied = joined(links, decisive=chain.wraps)
    what = "" if chain.wraps else _no_use(chain, pieces, implied.if_true)
    if what:
        line.note(chain.node, what)
        return None
    bounds = {bound for link in links for bound in link.if_true}
    return implied._replace(lasts=_lasts(bounds))


def check_joined(line: Line, node: ast.BoolOp, implied: Implied) -> bool:
    """Return whether an `and` or an `or` says something; note one that its parts decide."""
    if piece := contradiction(implied.if_true):
        otherwise = "use `or`"
        if piece == "time":
            otherwise = "for a span over midnight write 22:00 <= time < 6:00"
        line.note(node, f"is always false, whatever {cut(piece)} is; {otherwise}")
    elif piece := contradiction(implied.if_false):
        line.note(node, f"is always true, whatever {cut(piece)} is; use `and`")
    elif isinstance(node.op, ast.And) and (piece := valueless(line, node)):
        what = f"is never true: {cut(piece)} has no value while it is stale"
        line.note(node, f"{what}; use `or`, or two rules")
    return not piece


def _implied(operation: Operation, pieces: tuple[str, str], terms: tuple[Term, Term]) -> Implied:
    """Return what a link of a chain says, if one side is a fixed number."""
    (left, right), (a, b) = pieces, terms
    if b.range.is_point and not a.range.is_point:
        return implied_by(Bound(left, operation, b.range.low))
    if a.range.is_point and not b.range.is_point:
        return implied_by(Bound(right, MIRRORED[operation], a.range.low))
    return NOTHING_IMPLIED


def _lasts(bounds: Collection[Bound]) -> float:
    """Return for how many seconds at a time a part of the day, or of the week, may last."""
    if {one.piece for one in bounds} == {"time"}:
        low, high = hull(bounds, 0, DAY_SECONDS)
        return (high - low) % DAY_SECONDS
    if {one.piece for one in bounds} == {"weekday"}:
        low, high = hull(bounds, 1, 7)
        return ((high - low) % 7 + 1) * DAY_SECONDS
    return math.inf


def _no_use(chain: Chain, pieces: Sequence[str], bounds: Collection[Bound]) -> str:
    """Return what is wrong with a comparison that measured values cannot change; "" if nothing."""
    if _is_decided(chain.operations, chain.terms):
        return _decision(chain.operations, pieces, chain.terms)
    if piece := contradiction(bounds):
        return f"is always false, whatever {cut(piece)} is"
    if _is_a_moment(bounds):
        return "holds for a second; write a span, such as 22:00 <= time < 22:01"
    numbers = [piece for piece, term in zip(pieces, chain.terms, strict=True) if term.number]
    if same := next((left for left, right in pairwise(numbers) if left == right), ""):
        return f"compares {cut(same)} with itself"
    return ""


def _is_decided(operations: Sequence[Operation], terms: Sequence[Term]) -> bool:
    """Return whether the ranges of the channels decide a comparison.

    In a chain a link may always be true: `0 <= x < 5` reads well even if x is never negative.
    """
    decided = _decided(operations, terms)
    return False in decided or decided == {True}


def _decided(operations: Sequence[Operation], terms: Sequence[Term]) -> set[bool | None]:
    links = zip(operations, pairwise(terms), strict=True)
    return {ranges.decided(operation, a.range, b.range) for operation, (a, b) in links}


def _decision(operations: Sequence[Operation], pieces: Sequence[str], terms: Sequence[Term]) -> str:
    spans = [
        f"{cut(piece)} stays within {term.range.low:g} to {term.range.high:g}"
        for piece, term in zip(pieces, terms, strict=True)
        if not term.range.is_point
    ]
    always = f"is always {str(False not in _decided(operations, terms)).lower()}"
    return ": ".join([always, *([", ".join(spans)] if spans else [])])


def _is_a_moment(bounds: Collection[Bound]) -> bool:
    """Return whether `time` must equal a time of day."""
    of_time = [one for one in bounds if one.piece == "time"]
    if any(one.operation in (operator.eq, operator.ne) for one in of_time):
        return True
    return len(of_time) == 2 and of_time[0].value == of_time[1].value
