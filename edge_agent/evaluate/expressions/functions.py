"""The functions of expressions: over a window of a channel's values, or about their age."""

import ast
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge_agent.evaluate.expressions import logic
from edge_agent.evaluate.expressions.expression import Known, Span
from edge_agent.evaluate.expressions.line import Line
from edge_agent.evaluate.expressions.mistakes import OTHER_FUNCTIONS
from edge_agent.evaluate.expressions.ranges import ValueRange
from edge_agent.evaluate.expressions.typed import NOTHING, Term
from edge_agent.evaluate.expressions.windows import Window

POSITIVE = ValueRange(0.0, math.inf)
PER = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
LONGEST = 86400.0  # seconds
MOST = 20_000  # values in one window: about 3 MB

Method = Callable[[Window, int], float | None]


def _same(span: ValueRange, _: float) -> ValueRange:
    return span


def _difference(span: ValueRange, _: float) -> ValueRange:
    width = span.high - span.low
    return ValueRange(-width, width)


def _slope(span: ValueRange, seconds: float) -> ValueRange:
    """Return the range of a change by the second: a window begins `seconds` ago, or before."""
    width = (span.high - span.low) / seconds
    return ValueRange(-width, width)


def _positive(_: ValueRange, __: float) -> ValueRange:
    return POSITIVE


class Function(NamedTuple):
    """Of a window: its method, the range of the result, and whether in the channel's unit.

    The range follows from the channel's, and from the length of the window in seconds.
    """

    method: Method
    range: Callable[[ValueRange, float], ValueRange]
    keeps_unit: bool


FUNCTIONS = {
    "mean": Function(Window.mean, _same, keeps_unit=True),
    "min": Function(Window.min, _same, keeps_unit=True),
    "max": Function(Window.max, _same, keeps_unit=True),
    "delta": Function(Window.delta, _difference, keeps_unit=True),
    "rate": Function(Window.rate, _slope, keeps_unit=False),
    "count": Function(Window.count, _positive, keeps_unit=False),
}
RISES = Function(Window.rises, _positive, keeps_unit=False)  # `count` of an on/off channel
AGES = frozenset({"age", "stale"})
FORMS = {
    **{name: f"{name}(device.channel, 10m)" for name in FUNCTIONS},
    "rate": "rate(device.channel, 10m, hour), per second, minute or hour",
    "age": "age(device.channel)",
    "stale": "stale(device.channel)",
}


class Call(NamedTuple):
    """A call in a line; `length` is the meaning of the second argument."""

    node: ast.expr
    name: str
    arguments: Sequence[ast.expr]
    length: Term = NOTHING


def call_term(line: Line, call: Call) -> Term:
    """Return the meaning of a call; note on the line what is wrong with it."""
    if call.name not in FORMS:
        known = ", ".join(FORMS)
        meant = f"{other}; " if (other := OTHER_FUNCTIONS.get(call.name)) else ""
        return line.note(call.node, f"is not a function; {meant}the functions are {known}")
    wanted = 1 if call.name in AGES else 2
    if not wanted <= len(call.arguments) <= wanted + (call.name == "rate"):
        return line.note(call.node, f"has wrong arguments; expected {FORMS[call.name]}")
    channel = line.channel(call.arguments[0])
    if not channel:
        return NOTHING
    return _age(line, call.name, channel) if call.name in AGES else _windowed(line, call, channel)


def _age(line: Line, name: str, channel: str) -> Term:
    line.depends_on_time()
    if name == "age":
        return Term(None, logic.age(channel), POSITIVE, "s")
    return Term(truth=logic.stale(channel, line.known[channel].max_age))


def _windowed(line: Line, call: Call, channel: str) -> Term:
    known = line.known[channel]
    seconds = _seconds(line, call.arguments[1], call.length, known)
    factor = _factor(line, call.arguments[2:])
    if known.kind == "binary" and call.name != "count":
        what = "needs a numeric channel; for an on/off channel use count"
        return line.note(call.node, what)
    if seconds is None or factor is None:
        return NOTHING
    function = RISES if known.kind == "binary" else FUNCTIONS[call.name]
    line.spans.add(Span(channel, seconds, known.max_age))
    number = logic.windowed(function.method, channel, seconds, factor)
    low, high = function.range(ValueRange(known.low, known.high), seconds)
    unit = known.unit if function.keeps_unit else ""
    return Term(None, number, ValueRange(low * factor, high * factor), unit)


def _seconds(line: Line, node: ast.expr, length: Term, known: Known) -> float | None:
    """Return the length of a window; note one that the channel's interval does not allow."""
    if length is NOTHING:  # its problem is noted already
        return None
    if not length.range.is_point or length.unit not in {"", "s"}:
        line.note(node, "is not a length of time; write one such as 10m")
        return None
    seconds = length.range.low
    shortest, longest = 2 * known.every, min(LONGEST, MOST * known.every)
    if not shortest <= seconds <= longest:
        limits = f"{shortest:g}s to {longest:g}s"
        line.note(node, f"must be {limits} for a channel that is measured every {known.every:g} s")
        return None
    return seconds


def _factor(line: Line, nodes: Sequence[ast.expr]) -> float | None:
    for node in nodes:
        word = line.piece(node)
        if word not in PER:
            line.note(node, f"is not one of {', '.join(PER)}")
        return PER.get(word)
    return 1.0
