"""A plot of one channel for a terminal: columns of block characters."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

BLOCKS = " ▁▂▃▄▅▆▇█"
FULL = len(BLOCKS) - 1
NARROWEST = 10  # columns
Point: TypeAlias = tuple[datetime, float]


def plotted(title: str, points: Sequence[Point], width: int, height: int = 8) -> list[str]:
    """Return the lines of a plot; each column is the mean of the values in its time.

    At least one point is needed; they are in order of time.
    """
    values = [value for _, value in points]
    low, high = min(values), max(values)
    labels = [f"{high:.5g}", *[""] * (height - 2), f"{low:.5g}"]
    margin = max(map(len, labels))
    columns = _columns(points, max(width - margin - 2, NARROWEST))
    levels = [_level(value, low, high, height) for value in columns]
    rows = [_row(levels, height - 1 - n) for n in range(height)]
    body = [f"{label:>{margin}} ┤{row}".rstrip() for label, row in zip(labels, rows, strict=True)]
    return [title, *body, _axis(points, margin, len(columns))]


def _columns(points: Sequence[Point], width: int) -> list[float]:
    """Return the mean of each column's values, NaN for one without values."""
    first, last = points[0][0], points[-1][0]
    span = (last - first).total_seconds() or 1.0
    found: list[list[float]] = [[] for _ in range(width)]
    for time, value in points:
        found[int((time - first).total_seconds() / span * (width - 1))].append(value)
    return [math.fsum(each) / len(each) if each else math.nan for each in found]


def _level(value: float, low: float, high: float, height: int) -> int:
    """Return how many eighths of a row a column is high: at least one if it has a value."""
    if math.isnan(value):
        return 0
    share = (value - low) / (high - low) if high > low else 0.5
    return 1 + round(share * (height * FULL - 1))


def _row(levels: Sequence[int], below: int) -> str:
    return "".join(BLOCKS[min(max(level - below * FULL, 0), FULL)] for level in levels)


def _axis(points: Sequence[Point], margin: int, width: int) -> str:
    first, last = points[0][0], points[-1][0]
    day = "" if first.date() == last.date() else "%m-%d "
    left, right = first.strftime("%Y-%m-%d %H:%M"), last.strftime(f"{day}%H:%M UTC")
    return " " * (margin + 2) + left + right.rjust(max(width - len(left), len(right) + 1))
