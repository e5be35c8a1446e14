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
from edge_agent.evaluate import logic
from edge_agent.evaluate.logic import Number, Truth, Values

LONGEST = 1000  # characters: more than anybody reads, and Python's parser has its own limits
ALLOWED = (
    "allowed are device.channel, numbers, + - * /, < <= > >= == !=, and, or, not, true, false"
    " and parentheses"
)
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
    parser = _Parser(line, known)
    try:
        truth = parser.truth(ast.parse(_with_placeholders(line, known), mode="eval").body)
    except SyntaxError as error:
        piece = line[max((error.offset or 1) - 1, 0) :] or line
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
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    if not names:
        return line
    return re.sub(rf"(?<![\w.])(?:{names})(?![\w.])", lambda found: "_" * len(found[0]), line)


class _Term(NamedTuple):
    """A checked piece: a truth or a number, and the range a number stays within."""

    truth: Truth | None = None
    number: Number | None = None
    low: float = -math.inf
    high: float = math.inf


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
        return _Term(None, operator.methodcaller("get", name), channel.low, channel.high)

    def _constant(self, node: ast.expr, value: object) -> _Term:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._note(node, f"is not allowed; {ALLOWED}")
        if abs(value) > 1e300:
            return self._note(node, "is too large; write a number below 1e300")
        number = float(value)
        return _Term(None, logic.constantly(number), number, number)

    def _minus(self, operand: ast.expr) -> _Term:
        term = self._term(operand)
        number = logic.calculated(operator.sub, logic.constantly(0.0), self._number(operand, term))
        return _Term(None, number, -term.high, -term.low)

    def _arithmetic(self, node: ast.BinOp) -> _Term:
        left = self._number(node.left, self._term(node.left))
        divisor = self._term(node.right)
        right = self._number(node.right, divisor)
        if isinstance(node.op, ast.Div) and divisor.low == divisor.high == 0:
            return self._note(node, "divides by zero")
        return _Term(number=logic.calculated(OPERATORS[type(node.op)], left, right))

    def _comparison(self, node: ast.Compare) -> _Term:
        nodes = [node.left, *node.comparators]
        terms = [self._term(part) for part in nodes]
        links = [
            self._link(node, op, nodes[n : n + 2], terms[n : n + 2])
            for n, op in enumerate(node.ops)
        ]
        return _Term(truth=links[0] if len(links) == 1 else logic.joined(links, decisive=False))

    def _link(
        self, whole: ast.Compare, op: ast.cmpop, nodes: list[ast.expr], terms: list[_Term]
    ) -> Truth:
        if type(op) not in OPERATORS:
            self._note(whole, f"is not allowed; {ALLOWED}")
            return logic.unknown
        left, right = terms
        if isinstance(op, ast.Eq | ast.NotEq) and left.truth and right.truth:
            return logic.compared(OPERATORS[type(op)], left.truth, right.truth)
        self._judge(whole, op, left, right)
        numbers = [self._number(*pair) for pair in zip(nodes, terms, strict=True)]
        return logic.compared(OPERATORS[type(op)], *numbers)

    def _judge(self, whole: ast.Compare, op: ast.cmpop, left: _Term, right: _Term) -> None:
        """Note a comparison that the channel's range has decided already."""
        apart = left.high < right.low or right.high < left.low
        constant = left.low == left.high and right.low == right.high
        if not (apart or constant):
            return
        always = OPERATORS[type(op)](left.low, right.low)
        span = left if left.low != left.high else right
        self._note(
            whole,
            f"is always {str(always).lower()}: the channel stays within"
            f" {span.low:g} to {span.high:g}",
        )

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
