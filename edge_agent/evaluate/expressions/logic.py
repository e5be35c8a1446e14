"""The parts that expressions are made of: callables whose result may be unknown (None).

Truth is Kleene's: an unknown operand makes the result unknown, unless another operand decides alone
(`false and …`, `true or …`). A number that cannot be calculated is unknown too.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeAlias

from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.windows import Window

Number: TypeAlias = Callable[[Context], float | None]
Truth: TypeAlias = Callable[[Context], bool | None]


def unknown(_: Context) -> None:
    """Return unknown."""
    return


def constantly(value: Any) -> Callable[[Context], Any]:  # noqa: ANN401
    """Return a callable that always returns `value`."""
    return lambda _: value


def number(name: str) -> Number:
    """Return the current value."""
    return lambda context: context.values.get(name)


def switch(name: str) -> Truth:
    """Return whether a binary channel, or an output, is on."""

    def on(context: Context) -> bool | None:
        value = context.values.get(name)
        return None if value is None else bool(value)

    return on


def windowed(
    method: Callable[[Window, int], float | None], name: str, seconds: float, factor: float
) -> Number:
    """Return a window's result times `factor`; unknown while its channel has no current value."""

    def over(context: Context) -> float | None:
        if name not in context.values:
            return None
        value = method(context.windows[name, seconds], context.moment.uptime)
        return None if value is None else value * factor

    return over


def age(name: str) -> Number:
    """Return the seconds since the last right value; before the first, at least that many."""

    def since(context: Context) -> float | None:
        seen = context.seen.get(name, context.began)
        return max(context.moment.uptime - seen, 0) / 1e6

    return since


def stale(name: str, grace: float) -> Truth:
    """Return whether there is no current value; unknown for the first `grace` seconds."""

    def missing(context: Context) -> bool | None:
        if name in context.values:
            return False
        waited = context.moment.uptime - context.began
        return True if name in context.seen or waited >= grace * 1e6 else None

    return missing


def wall_clock(part: Callable[[datetime], float], zone: tzinfo | None) -> Number:
    """Return a part of the local time; unknown until the wall clock can be trusted."""

    def local(context: Context) -> float | None:
        if not context.moment.trusted:
            return None
        return part(datetime.fromtimestamp(context.moment.time / 1e6, UTC).astimezone(zone))

    return local


def calculated(operation: Callable[[float, float], float], left: Number, right: Number) -> Number:
    """Return `left operation right`; a division by zero or an overflow is unknown."""

    def result(context: Context) -> float | None:
        a, b = left(context), right(context)
        if a is None or b is None:
            return None
        try:
            value = operation(a, b)
        except ArithmeticError:
            return None
        return value if math.isfinite(value) else None

    return result


def compared(
    operation: Callable[[Any, Any], bool],
    left: Callable[[Context], Any],
    right: Callable[[Context], Any],
) -> Truth:
    """Return `left operation right`, of two numbers or two truths."""

    def result(context: Context) -> bool | None:
        a, b = left(context), right(context)
        return None if a is None or b is None else operation(a, b)

    return result


def joined(truths: Sequence[Truth], *, decisive: bool) -> Truth:
    """Return `or` of the truths if `decisive` is True, `and` if it is False."""

    def result(context: Context) -> bool | None:
        answer: bool | None = not decisive
        for truth in truths:
            one = truth(context)
            if one is decisive:
                return decisive
            if one is None:
                answer = None
        return answer

    return result


def negated(truth: Truth) -> Truth:
    """Return `not truth`; unknown stays unknown."""

    def result(context: Context) -> bool | None:
        value = truth(context)
        return None if value is None else not value

    return result
