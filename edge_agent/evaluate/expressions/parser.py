"""From the text of a rule to a checked expression.

Python's own grammar reads the text, and `logic` gives it a meaning: no user text is ever run.
"""

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from edge_agent.errors import ConfigError
from edge_agent.evaluate.expressions import logic, ranges
from edge_agent.evaluate.expressions.calls import Calls
from edge_agent.evaluate.expressions.expression import Expression, Known, Span
from edge_agent.evaluate.expressions.identifiers import meaning
from edge_agent.evaluate.expressions.literals import Literals
from edge_agent.evaluate.expressions.logic import Number, Truth
from edge_agent.evaluate.expressions.ranges import ZERO, ValueRange
from edge_agent.evaluate.expressions.typed import NOTHING, Term, agree, constant, cut

LONGEST = 1000  # characters: more than anybody reads, and Python's parser has its own limits
ALLOWED = (
    "allowed are device.channel, outputs, numbers, + - * /, < <= > >= == !=, and, or, not, true,"
    " false, parentheses, mean, min, max, rate, delta, count, age, stale, time and weekday"
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


def parse(text: str, known: Mapping[str, Known], zone: tzinfo | None = None) -> Expression:
    """Return the checked expression; raise ConfigError with every piece that is not allowed.

    `zone` is where `time` and `weekday` are told; None means this machine's.
    """
    line = " ".join(text.split())
    if not 0 < len(line) <= LONGEST:
        raise ConfigError((f"{len(line)} characters long: write 1 to {LONGEST}",))
    _, comment, rest = line.partition("#")
    if comment:  # of several lines made one, it would silence the rest
        raise ConfigError(
            (f"{cut(comment + rest)!r} is not allowed; write comments outside the text",)
        )
    parser = Parser(line, known, zone)
    truth = parser.condition()
    if not parser.problems and not parser.inputs and not parser.timed:
        parser.problems.append(f"{cut(line)!r} names no channel; write device.channel")
    if parser.problems:
        raise ConfigError(tuple(parser.problems))
    return Expression(
        text, frozenset(parser.inputs), truth, frozenset(parser.spans), timed=parser.timed
    )


class Parser:
    """Builds the callables of one line; notes every problem and goes on."""

    def __init__(self, line: str, known: Mapping[str, Known], zone: tzinfo | None) -> None:
        self.inputs: set[str] = set()
        self.spans: set[Span] = set()
        self.timed = False
        self.problems: list[str] = []
        self._line = line
        self._literals = Literals(known, (one.unit for one in known.values()))
        self._masked = self._literals.mask(line)
        self._known = known
        self._zone = zone
        self._calls = Calls(self)

    def condition(self) -> Truth:
        """Return the whole line as a condition; raise ConfigError where it cannot be read."""
        try:
            return self.truth(ast.parse(self._masked, mode="eval").body)
        except (SyntaxError, ValueError) as error:  # ValueError: half a surrogate pair
            at = max((getattr(error, "offset", None) or 1) - 1, 0)
            piece = self._line[at:] or self._line
            raise ConfigError((f"{cut(piece)!r} is not understood; {ALLOWED}",)) from None
        except (RecursionError, MemoryError):
            line = cut(self._line)
            raise ConfigError((f"{line!r} is nested too deeply; use fewer levels",)) from None

    def truth(self, node: ast.expr) -> Truth:
        """Return the node as a condition."""
        term = self.term(node)
        if term.number:
            self.note(node, "is a number, not a condition; compare it, as in … > 30")
        return term.truth or logic.unknown

    def _number(self, node: ast.expr, term: Term) -> Number:
        if term.truth:
            self.note(node, "is true or false, not a number; use it alone or after `not`")
        return term.number or logic.unknown

    def term(self, node: ast.expr) -> Term:  # noqa: PLR0911 - one for each kind of node
        """Return what a node means."""
        match node:
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.BoolOp(op=op, values=parts):
                truths = [self.truth(part) for part in parts]
                return Term(truth=logic.joined(truths, decisive=isinstance(op, ast.Or)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Term(truth=logic.negated(self.truth(operand)))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._minus(operand)
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                return self._arithmetic(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._calls.term(node, name, arguments)
        return self.note(node, f"is not allowed; {ALLOWED}")

    def channel(self, node: ast.expr) -> str:
        """Return the name of a channel, and count on it; nothing where it is none."""
        name = self.piece(node)
        if name not in self._known or "." not in name:
            self.unknown(node)
            return ""
        self.inputs.add(name)
        return name

    def known(self, name: str) -> Known:
        """Return what is known of a name."""
        return self._known[name]

    def _name(self, node: ast.expr) -> Term:
        name = self.piece(node)
        word = meaning(name, self._literals, self._zone)
        if word is not None:
            self.timed = self.timed or name in {"time", "weekday"}
            return word
        if name not in self._known:
            return self.unknown(node)
        one = self._known[name]
        key = one.key or name
        self.inputs.add(key)
        self.timed = self.timed or "." not in name  # an output changes without a reading
        if one.kind == "binary":
            return Term(truth=logic.switch(key))
        return Term(None, logic.number(key), ValueRange(one.low, one.high), one.unit)

    def _constant(self, node: ast.expr, value: object) -> Term:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.note(node, f"is not allowed; {ALLOWED}")
        if abs(value) > 1e300:
            return self.note(node, "is too large; write a number below 1e300")
        return constant(float(value), "")

    def _minus(self, operand: ast.expr) -> Term:
        term = self.term(operand)
        number = logic.calculated(operator.sub, logic.constantly(0.0), self._number(operand, term))
        return Term(
            None, number, ranges.calculated(operator.sub, ZERO, term.range), term.unit, term.minus()
        )

    def _arithmetic(self, node: ast.BinOp) -> Term:
        nodes = [node.left, node.right]
        terms = [self.term(part) for part in nodes]
        unit = ""
        if isinstance(node.op, ast.Add | ast.Sub):
            terms, unit = self._agree(node, nodes, terms)
        left, right = terms
        operands = self._number(node.left, left), self._number(node.right, right)
        if isinstance(node.op, ast.Div) and right.range == ZERO:
            return self.note(node, "divides by zero")
        operation = OPERATORS[type(node.op)]
        between = ranges.calculated(operation, left.range, right.range)
        return Term(None, logic.calculated(operation, *operands), between, unit)

    def _comparison(self, node: ast.Compare) -> Term:
        if not all(type(op) in OPERATORS for op in node.ops):
            return self.note(node, f"is not allowed; {ALLOWED}")
        nodes = [node.left, *node.comparators]
        terms, _ = self._agree(node, nodes, [self.term(part) for part in nodes])
        links = [
            self._link(OPERATORS[type(op)], nodes[n : n + 2], terms[n : n + 2])
            for n, op in enumerate(node.ops)
        ]
        self._judge(node, nodes, terms)
        return Term(truth=links[0] if len(links) == 1 else logic.joined(links, decisive=False))

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
        """Return the terms in one unit, and that unit; note where there are two."""
        terms, units = agree(terms)
        if len(units) > 1:
            told = [
                f"{cut(self.piece(part))} is in {term.unit}"
                for part, term in zip(nodes, terms, strict=True)
                if term.unit
            ]
            self.note(node, f"mixes units: {', '.join(told)}")
        return terms, next(iter(units), "")

    def _judge(self, node: ast.Compare, nodes: list[ast.expr], terms: list[Term]) -> None:
        """Note a comparison that the channels' ranges have decided already.

        In a chain a link may be always true: `0 <= x < 5` reads well even if x is never negative.
        """
        links = zip(node.ops, terms, terms[1:], strict=False)
        decided = {ranges.decided(OPERATORS[type(op)], a.range, b.range) for op, a, b in links}
        if False in decided or decided == {True}:
            spans = [
                f"{cut(self.piece(part))} stays within {term.range.low:g} to {term.range.high:g}"
                for part, term in zip(nodes, terms, strict=True)
                if not term.range.is_point
            ]
            always = f"is always {str(False not in decided).lower()}"
            self.note(node, ": ".join([always, *([", ".join(spans)] if spans else [])]))

    def unknown(self, node: ast.expr) -> Term:
        """Note a name that means nothing, with the nearest one that does."""
        near = difflib.get_close_matches(self.piece(node), self._known, 1)
        if near:
            return self.note(node, f"is not a channel; did you mean {near[0]!r}?")
        known = ", ".join(sorted(self._known)) or "none"
        return self.note(node, f"is not a channel; known: {known}")

    def piece(self, node: ast.expr) -> str:
        """Return the text of a node: what masks it is as long in characters."""
        masked = self._masked.encode()
        start = len(masked[: node.col_offset].decode())
        end = len(masked[: node.end_col_offset].decode())
        return self._line[start:end]

    def note(self, node: ast.expr, what: str) -> Term:
        """Note a problem with one piece; it means nothing then."""
        self.problems.append(f"{cut(self.piece(node))!r} {what}")
        return NOTHING
