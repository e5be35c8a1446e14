"""The pieces that expressions are made of: callables that know "unknown" (None).

Truth is Kleene's: unknown only goes away where another operand decides alone (`false and …`,
`true or …`). A number that cannot be calculated is unknown too.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Values: TypeAlias = Mapping[str, float]
Number: TypeAlias = Callable[[Values], float | None]
Truth: TypeAlias = Callable[[Values], bool | None]


def unknown(_: Values) -> None:
    """Know nothing."""
    return


def constantly(value: Any) -> Callable[[Values], Any]:  # noqa: ANN401
    """Return a callable that always gives `value`."""
    return lambda _: value


def switch(name: str) -> Truth:
    """Return whether a binary channel is on."""

    def on(values: Values) -> bool | None:
        value = values.get(name)
        return None if value is None else bool(value)

    return on


def calculated(operation: Callable[[float, float], float], left: Number, right: Number) -> Number:
    """Return `left operation right`; a division by zero or an overflow is unknown."""

    def result(values: Values) -> float | None:
        a, b = left(values), right(values)
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
    left: Callable[[Values], Any],
    right: Callable[[Values], Any],
) -> Truth:
    """Return `left operation right`, of two numbers or two truths."""

    def result(values: Values) -> bool | None:
        a, b = left(values), right(values)
        return None if a is None or b is None else operation(a, b)

    return result


def joined(truths: Sequence[Truth], *, decisive: bool) -> Truth:
    """Return `or` of the truths where `decisive` is True, `and` where it is False."""

    def result(values: Values) -> bool | None:
        answer: bool | None = not decisive
        for truth in truths:
            one = truth(values)
            if one is decisive:
                return decisive
            if one is None:
                answer = None
        return answer

    return result


def negated(truth: Truth) -> Truth:
    """Return `not truth`; unknown stays unknown."""

    def result(values: Values) -> bool | None:
        value = truth(values)
        return None if value is None else not value

    return result
