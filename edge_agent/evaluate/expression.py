"""Expressions: the text of a rule, parsed once into callables that know "unknown".

Python's own grammar reads the text, and `logic` gives it a meaning: no user text is ever run.
"""

import ast
import difflib
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from edge_agent.errors import ConfigError
from edge_agent.evaluate import logic, ranges
from edge_agent.evaluate.logic import Number, Truth, Values
from edge_agent.evaluate.ranges import ANY, ZERO, Range

LONGEST = 1000  # characters: more than anybody reads, and Python's parser has its own limits
ALLOWED = (
    "allowed are device.channel, numbers, + - * /, < <= > >= == !=, and, or, not, true, false"
    " and parentheses"
)
# device.channel, known or not; a device's name may hold -, but `not-x.y` is no name.
DOTTED = r"(?!(?:and|or|not)-)[A-Za-z_][\w-]*\.[A-Za-z_]\w*"
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


class Known(NamedTuple):
    """What an expression may count on of a channel: its kind, and the range it stays within."""

    kind: Literal["numeric", "binary"] = "numeric"
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition; `inputs` are the "device.channel" names that it depends on."""

    text: str
    inputs: frozenset[str]
    evaluate: Truth

    def __call__(self, values: Values) -> bool | None:
        """Return True, False, or None where a value that would decide is not in `values`."""
        return self.evaluate(values)


def parse(text: str, known: Mapping[str, Known]) -> Expression:
    """Return the checked expression; raise ConfigError with every piece that is not allowed."""
    line = " ".join(text.split())
    if not 0 < len(line) <= LONGEST:
        raise ConfigError((f"{len(line)} characters long: write 1 to {LONGEST}",))
    _, comment, rest = line.partition("#")
    if comment:  # of several lines made one, it would silence the rest
        raise ConfigError(
            (f"{_cut(comment + rest)!r} is not allowed; write comments outside the text",)
        )
    parser = _Parser(line, known)
    try:
        truth = parser.truth(ast.parse(_with_placeholders(line, known), mode="eval").body)
    except (SyntaxError, ValueError) as error:  # ValueError: half a surrogate pair
        piece = line[max((getattr(error, "offset", None) or 1) - 1, 0) :] or line
        raise ConfigError((f"{_cut(piece)!r} is not understood; {ALLOWED}",)) from None
    except (RecursionError, MemoryError):
        raise ConfigError((f"{_cut(line)!r} is nested too deeply; use fewer levels",)) from None
    if not parser.inputs and not parser.problems:
        parser.problems.append(f"{_cut(line)!r} names no channel; write device.channel")
    if parser.problems:
        raise ConfigError(tuple(parser.problems))
    return Expression(text, frozenset(parser.inputs), truth)


def _with_placeholders(line: str, known: Mapping[str, Known]) -> str:
    """Replace channels by identifiers of equal length: names may hold - or be Python keywords."""
    names = [re.escape(name) for name in sorted(known, key=len, reverse=True)]
    channel = rf"(?<![\w.])(?:{'|'.join([*names, DOTTED])})(?![\w.])"
    return re.sub(channel, lambda found: "_" * len(found[0]), line, flags=re.ASCII)


class _Term(NamedTuple):
    """A checked piece: a truth, a number and its range, or neither where there is a problem."""

    truth: Truth | None = None
    number: Number | None = None
    range: Range = ANY


class _Parser:
    """Builds the callables of one line; notes every problem and goes on."""

    def __init__(self, line: str, known: Mapping[str, Known]) -> None:
        self.inputs: set[str] = set()
        self.problems: list[str] = []
        self._line = line
        self._known = known

    def truth(self, node: ast.expr) -> Truth:
        """Return the node as a condition."""
        term = self._term(node)
        if term.number:
            self._note(node, "is a number, not a condition; compare it, as in … > 30")
        return term.truth or logic.unknown

    def _number(self, node: ast.expr, term: _Term) -> Number:
        if term.truth:
            self._note(node, "is true or false, not a number; use it alone or after `not`")
        return term.number or logic.unknown

    def _term(self, node: ast.expr) -> _Term:  # noqa: PLR0911 - one for each kind of node
        match node:
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.BoolOp(op=op, values=parts):
                truths = [self.truth(part) for part in parts]
                return _Term(truth=logic.joined(truths, decisive=isinstance(op, ast.Or)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Term(truth=logic.negated(self.truth(operand)))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._minus(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                return self._arithmetic(node)
            case ast.Compare():
                return self._comparison(node)
        return self._note(node, f"is not allowed; {ALLOWED}")

    def _name(self, node: ast.expr) -> _Term:
        name = self._piece(node)
        if name in {"true", "false"}:
            return _Term(truth=logic.constantly(name == "true"))
        if name not in self._known:
            return self._unknown_channel(node)
        self.inputs.add(name)
        channel = self._known[name]
        if channel.kind == "binary":
            return _Term(truth=logic.switch(name))
        return _Term(None, operator.methodcaller("get", name), Range(channel.low, channel.high))

    def _constant(self, node: ast.expr, value: object) -> _Term:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._note(node, f"is not allowed; {ALLOWED}")
        if abs(value) > 1e300:
            return self._note(node, "is too large; write a number below 1e300")
        number = float(value)
        return _Term(None, logic.constantly(number), Range(number, number))

    def _minus(self, operand: ast.expr) -> _Term:
        term = self._term(operand)
        number = logic.calculated(operator.sub, logic.constantly(0.0), self._number(operand, term))
        return _Term(None, number, ranges.calculated(operator.sub, ZERO, term.range))

    def _arithmetic(self, node: ast.BinOp) -> _Term:
        left, right = self._term(node.left), self._term(node.right)
        operands = self._number(node.left, left), self._number(node.right, right)
        if isinstance(node.op, ast.Div) and right.range == ZERO:
            return self._note(node, "divides by zero")
        operation = OPERATORS[type(node.op)]
        between = ranges.calculated(operation, left.range, right.range)
        return _Term(None, logic.calculated(operation, *operands), between)

    def _comparison(self, node: ast.Compare) -> _Term:
        if not all(type(op) in OPERATORS for op in node.ops):
            return self._note(node, f"is not allowed; {ALLOWED}")
        nodes = [node.left, *node.comparators]
        terms = [self._term(part) for part in nodes]
        links = [
            self._link(OPERATORS[type(op)], nodes[n : n + 2], terms[n : n + 2])
            for n, op in enumerate(node.ops)
        ]
        self._judge(node, nodes, terms)
        return _Term(truth=links[0] if len(links) == 1 else logic.joined(links, decisive=False))

    def _link(
        self, operation: Callable[[Any, Any], bool], nodes: list[ast.expr], terms: list[_Term]
    ) -> Truth:
        if operation in ranges.EQUALITY and not any(term.number for term in terms):
            left, right = (term.truth or logic.unknown for term in terms)
            return logic.compared(operation, left, right)
        numbers = [self._number(*pair) for pair in zip(nodes, terms, strict=True)]
        return logic.compared(operation, *numbers)

    def _judge(self, node: ast.Compare, nodes: list[ast.expr], terms: list[_Term]) -> None:
        """Note a comparison that the channels' ranges have decided already.

        In a chain a link may be always true: `0 <= x < 5` reads well even if x is never negative.
        """
        links = zip(node.ops, terms, terms[1:], strict=False)
        decided = {ranges.decided(OPERATORS[type(op)], a.range, b.range) for op, a, b in links}
        if False in decided or decided == {True}:
            spans = [
                f"{_cut(self._piece(part))} stays within {term.range.low:g} to {term.range.high:g}"
                for part, term in zip(nodes, terms, strict=True)
                if not term.range.is_point
            ]
            always = f"is always {str(False not in decided).lower()}"
            self._note(node, ": ".join([always, *([", ".join(spans)] if spans else [])]))

    def _unknown_channel(self, node: ast.expr) -> _Term:
        near = difflib.get_close_matches(self._piece(node), self._known, 1)
        if near:
            return self._note(node, f"is not a channel; did you mean {near[0]!r}?")
        known = ", ".join(sorted(self._known)) or "none"
        return self._note(node, f"is not a channel; known: {known}")

    def _piece(self, node: ast.expr) -> str:
        """Return the text of a node: placeholders are as long as what they stand for."""
        start = len(self._line.encode()[: node.col_offset].decode())
        end = len(self._line.encode()[: node.end_col_offset].decode())
        return self._line[start:end]

    def _note(self, node: ast.expr, what: str) -> _Term:
        self.problems.append(f"{_cut(self._piece(node))!r} {what}")
        return _Term()


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
