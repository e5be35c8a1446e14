"""From the text of a rule to a checked expression.

Python's own grammar reads the text, and `logic` gives it a meaning: no user text is ever run.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from edge_agent.errors import PieceError
from edge_agent.evaluate.expressions import logic, ranges
from edge_agent.evaluate.expressions.bounds import Bound, implied_by, joined
from edge_agent.evaluate.expressions.comparisons import Chain, check_joined, checked
from edge_agent.evaluate.expressions.expression import Expression, Known
from edge_agent.evaluate.expressions.functions import Call, call_term
from edge_agent.evaluate.expressions.line import Line, cut
from edge_agent.evaluate.expressions.logic import Number, Truth
from edge_agent.evaluate.expressions.mistakes import remedy
from edge_agent.evaluate.expressions.ranges import ZERO, ValueRange
from edge_agent.evaluate.expressions.typed import CLOCK, DAY, NOTHING, Term, agree, constant

LONGEST = 1000  # characters: beyond what a person reads; Python's parser has its own limits
ALLOWED = (
    "allowed are device.channel, outputs, numbers, + - * /, < <= > >= == !=, and, or, not, true,"
    " false, parentheses, mean, min, max, rate, delta, count, age, stale, time and weekday"
)
UNITLESS = {CLOCK: "a time of day such as 6:00", DAY: "a day such as monday"}
COMPARED = {CLOCK: "22:00 <= time < 6:00", DAY: "weekday == monday"}
WORD = re.compile(r"[\w.:%°]+|[&|<>=!]+")
OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def parse(text: str, known: Mapping[str, Known], zone: tzinfo | None = None) -> Expression:
    """Return the checked expression; raise PieceError with every piece that is not allowed.

    `zone` is the time zone of `time` and `weekday`; None means this machine's.
    """
    line = Line(" ".join(text.split()), known)
    _refuse_length_and_comments(line.text)
    term = Parser(line, zone).condition()
    if not line.problems and not line.inputs and not line.timed:
        raise PieceError((f"{cut(line.text)!r} names no channel; write device.channel",))
    if line.problems:
        raise PieceError(tuple(line.problems), tuple(line.offsets))
    return Expression(
        text,
        frozenset(line.inputs),
        term.truth or logic.unknown,
        frozenset(line.spans),
        timed=line.timed,
        implied=term.implied,
    )


def _refuse_length_and_comments(line: str) -> None:
    if not 0 < len(line) <= LONGEST:
        raise PieceError((f"{len(line)} characters long: write 1 to {LONGEST}",))
    before, comment, rest = line.partition("#")
    if comment:  # several lines have become one: it would hide the rest
        what = "is not allowed; write comments outside the text"
        raise PieceError((f"{cut(comment + rest)!r} {what}",), (len(before),))


def _word(text: str, at: int) -> int:
    """Return where the word or sign begins that has a character; 0 if that is after the end."""
    words = (found for found in WORD.finditer(text) if found.start() <= at < found.end())
    return next((found.start() for found in words), at if at < len(text) else 0)


class Parser:
    """Builds the callables of one line; notes every problem on it and continues."""

    def __init__(self, line: Line, zone: tzinfo | None) -> None:
        self._line = line
        self._zone = zone

    def condition(self) -> Term:
        """Return the whole line as a condition; raise PieceError if it cannot be read."""
        try:
            return self._condition(ast.parse(self._line.masked, mode="eval").body)
        except (SyntaxError, ValueError) as error:  # ValueError: half a surrogate pair
            at = _word(self._line.text, max((getattr(error, "offset", None) or 1) - 1, 0))
            what = remedy(self._line.text) or ALLOWED
            piece = cut(self._line.text[at:])
            raise PieceError((f"{piece!r} is not understood; {what}",), (at,)) from None
        except (RecursionError, MemoryError):
            text = cut(self._line.text)
            raise PieceError((f"{text!r} is nested too deeply; use fewer levels",)) from None

    def _condition(self, node: ast.expr) -> Term:
        """Return the node as a condition."""
        term = self._term(node)
        if term.number:
            example = COMPARED.get(term.unit, "… > 30")
            self._line.note(node, f"is a number, not a condition; compare it, as in {example}")
        return Term(truth=term.truth or logic.unknown, implied=term.implied)

    def _number(self, node: ast.expr, term: Term) -> Number:
        if term.truth:
            self._line.note(node, "is true or false, not a number; use it alone or after `not`")
        return term.number or logic.unknown

    def _term(self, node: ast.expr) -> Term:  # noqa: PLR0911 - one for each kind of node
        """Return the meaning of a node."""
        match node:
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.BoolOp():
                return self._joined(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._negated(self._condition(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._minus(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                return self._arithmetic(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                lengths = [self._term(one) for one in arguments[1:2]]
                return call_term(self._line, Call(node, name, arguments, *lengths))
        return self._refuse(node)

    def _refuse(self, node: ast.expr) -> Term:
        what = remedy(self._line.piece(node)) or ALLOWED
        return self._line.note(node, f"is not allowed; {what}")

    def _name(self, node: ast.expr) -> Term:
        line = self._line
        name = line.piece(node)
        literal = line.literals.term(name, self._zone)
        if literal is not None:
            if name in {"time", "weekday"}:
                line.depends_on_time()
            return literal
        if name not in line.known:
            return line.note_unknown(node)
        one = line.known[name]
        key = one.key or name
        line.inputs.add(key)
        if "." not in name:
            line.depends_on_time()  # an output changes without a reading
        if one.kind == "binary":
            return Term(truth=logic.switch(key), implied=implied_by(Bound(name, operator.ne, 0.0)))
        return Term(None, logic.number(key), ValueRange(one.low, one.high), one.unit)

    def _constant(self, node: ast.expr, value: object) -> Term:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._refuse(node)
        if abs(value) > 1e300:
            return self._line.note(node, "is too large; write a number below 1e300")
        return constant(float(value), "")

    def _minus(self, operand: ast.expr) -> Term:
        term = self._term(operand)
        number = logic.calculated(operator.sub, logic.constantly(0.0), self._number(operand, term))
        return Term(
            None, number, ranges.calculated(operator.sub, ZERO, term.range), term.unit, term.minus()
        )

    def _arithmetic(self, node: ast.BinOp) -> Term:
        nodes = [node.left, node.right]
        terms = [self._term(part) for part in nodes]
        unit = ""
        if isinstance(node.op, ast.Add | ast.Sub):
            terms, unit = self._agree(node, nodes, terms)
        left, right = terms
        operands = self._number(node.left, left), self._number(node.right, right)
        if isinstance(node.op, ast.Div) and right.range == ZERO:
            return self._line.note(node, "divides by zero")
        operation = OPERATORS[type(node.op)]
        between = ranges.calculated(operation, left.range, right.range)
        return Term(None, logic.calculated(operation, *operands), between, unit)

    def _comparison(self, node: ast.Compare) -> Term:
        if not all(type(op) in OPERATORS for op in node.ops):
            return self._refuse(node)
        nodes = [node.left, *node.comparators]
        terms, _ = self._agree(node, nodes, [self._term(part) for part in nodes])
        operations = [OPERATORS[type(op)] for op in node.ops]
        links = [
            self._link(operation, nodes[n : n + 2], terms[n : n + 2])
            for n, operation in enumerate(operations)
        ]
        chain = Chain(node, operations, nodes, terms)
        implied = checked(self._line, chain)
        if implied is None:
            return NOTHING
        truth = links[0] if len(links) == 1 else logic.joined(links, decisive=chain.wraps)
        return Term(truth=truth, implied=implied)

    def _joined(self, node: ast.BoolOp) -> Term:
        """Return `and` or `or`; note one that the parts decide together, whatever is measured."""
        parts = [self._condition(part) for part in node.values]
        either = isinstance(node.op, ast.Or)
        implied = joined((part.implied for part in parts), decisive=either)
        if not check_joined(self._line, node, implied):
            return NOTHING
        truths = [part.truth or logic.unknown for part in parts]
        return Term(truth=logic.joined(truths, decisive=either), implied=implied)

    def _negated(self, term: Term) -> Term:
        truth = logic.negated(term.truth or logic.unknown)
        return Term(truth=truth, implied=term.implied.negated())

    def _link(
        self, operation: Callable[[Any, Any], bool], nodes: list[ast.expr], terms: list[Term]
    ) -> Truth:
        if operation in ranges.EQUALITY and not any(term.number for term in terms):
            left, right = (term.truth or logic.unknown for term in terms)
            return logic.compared(operation, left, right)
        numbers = [self._number(*pair) for pair in zip(nodes, terms, strict=True)]
        return logic.compared(operation, *numbers)

    def _agree(
        self, node: ast.expr, nodes: list[ast.expr], terms: list[Term]
    ) -> tuple[list[Term], str]:
        """Return the terms in one unit, and that unit; note if there are two."""
        terms, units = agree(terms)
        if len(units) > 1:
            mixed = [
                f"{cut(self._line.piece(part))} is in {term.unit}"
                for part, term in zip(nodes, terms, strict=True)
                if term.unit
            ]
            self._line.note(node, f"mixes units: {', '.join(mixed)}")
        self._note_unitless(nodes, terms, next(iter(units), ""))
        return terms, next(iter(units), "")

    def _note_unitless(self, nodes: list[ast.expr], terms: list[Term], unit: str) -> None:
        """Note a bare number beside a time of day or a weekday: 6 may be 6:00, or 6 seconds."""
        for node, term in zip(nodes, terms, strict=True):
            if unit in UNITLESS and term.number and not term.unit:
                self._line.note(node, f"has no unit; write {UNITLESS[unit]}")
