"""The functions of expressions: over a window of a channel's values, or about their age."""

import math
from collections.abc import Callable
from typing import NamedTuple

from edge_agent.evaluate.expressions.ranges import ANY, ValueRange
from edge_agent.evaluate.expressions.windows import Window

POSITIVE = ValueRange(0.0, math.inf)
PER = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
LONGEST = 86400.0  # seconds
MOST = 20_000  # values in one window: about 3 MB

Method = Callable[[Window, int], float | None]


def _same(span: ValueRange) -> ValueRange:
    return span


def _difference(span: ValueRange) -> ValueRange:
    width = span.high - span.low
    return ValueRange(-width, width)


class Function(NamedTuple):
    """Of a window: how it is asked, which values come out, and whether in the channel's unit."""

    method: Method
    range: Callable[[ValueRange], ValueRange]
    keeps_unit: bool


FUNCTIONS = {
    "mean": Function(Window.mean, _same, keeps_unit=True),
    "min": Function(Window.min, _same, keeps_unit=True),
    "max": Function(Window.max, _same, keeps_unit=True),
    "delta": Function(Window.delta, _difference, keeps_unit=True),
    "rate": Function(Window.rate, lambda _: ANY, keeps_unit=False),
    "count": Function(Window.count, lambda _: POSITIVE, keeps_unit=False),
}
RISES = Function(Window.rises, lambda _: POSITIVE, keeps_unit=False)  # `count` of what is on or off
FORMS = {
    **{name: f"{name}(device.channel, 10m)" for name in FUNCTIONS},
    "rate": "rate(device.channel, 10m, hour), per second, minute or hour",
    "age": "age(device.channel)",
    "stale": "stale(device.channel)",
}
