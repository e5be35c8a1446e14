"""Checks of comparisons: those that are always true or always false make no rule."""

import ast
import operator
from collections.abc import Sequence
from itertools import pairwise

from edge_agent.evaluate.expressions import ranges
from edge_agent.evaluate.expressions.bounds import (
    Bound,
    Operation,
    bounds_of,
    contradiction,
    opposite,
)
from edge_agent.evaluate.expressions.line import Line, cut
from edge_agent.evaluate.expressions.typed import Term


def check_comparison(
    line: Line,
    node: ast.Compare,
    operations: Sequence[Operation],
    nodes: Sequence[ast.expr],
    terms: Sequence[Term],
) -> set[Bound]:
    """Return what a comparison says about its parts; note it if that is decided, or no use."""
    pieces = [line.piece(part) for part in nodes]
    pairs = zip(operations, pairwise(pieces), pairwise(terms), strict=True)
    bounds = {bound for each in pairs for bound in bounds_of(*each)}
    piece = contradiction(bounds)
    if _is_decided(operations, terms):
        _note_decided(line, node, operations, pieces, terms)
    elif piece:
        line.note(node, f"is always false, whatever {cut(piece)} is")
    elif _is_a_moment(bounds):
        line.note(node, "holds for a second; write a span, such as 22:00 <= time < 22:01")
    return bounds


def check_joined(line: Line, node: ast.BoolOp, parts: Sequence[set[Bound]]) -> None:
    """Note an `and` or an `or` that its parts decide together, whatever is measured.

    A part of an `or` that says two things is left out: its opposite does not say both.
    """
    either = isinstance(node.op, ast.Or)
    if either:
        parts = [opposite(part) for part in parts if len(part) == 1]
    piece = contradiction({bound for part in parts for bound in part})
    if piece:
        otherwise = "use `and`" if either else "use `or`"
        if piece in {"time", "weekday"} and not either:
            otherwise = "for a span over midnight write 22:00 <= time < 6:00"
        always = f"is always {str(either).lower()}, whatever {cut(piece)} is"
        line.note(node, f"{always}; {otherwise}")


def _is_decided(operations: Sequence[Operation], terms: Sequence[Term]) -> bool:
    """Return whether the ranges of the channels decide a comparison.

    In a chain a link may always be true: `0 <= x < 5` reads well even if x is never negative.
    """
    decided = _decided(operations, terms)
    return False in decided or decided == {True}


def _decided(operations: Sequence[Operation], terms: Sequence[Term]) -> set[bool | None]:
    links = zip(operations, pairwise(terms), strict=True)
    return {ranges.decided(operation, a.range, b.range) for operation, (a, b) in links}


def _note_decided(
    line: Line,
    node: ast.Compare,
    operations: Sequence[Operation],
    pieces: Sequence[str],
    terms: Sequence[Term],
) -> None:
    spans = [
        f"{cut(piece)} stays within {term.range.low:g} to {term.range.high:g}"
        for piece, term in zip(pieces, terms, strict=True)
        if not term.range.is_point
    ]
    always = f"is always {str(False not in _decided(operations, terms)).lower()}"
    line.note(node, ": ".join([always, *([", ".join(spans)] if spans else [])]))


def _is_a_moment(bounds: set[Bound]) -> bool:
    """Return whether `time` must equal a time of day."""
    of_time = [one for one in bounds if one.piece == "time"]
    if any(one.operation in (operator.eq, operator.ne) for one in of_time):
        return True
    return len(of_time) == 2 and of_time[0].value == of_time[1].value
