"""Expressions: the meaning of a rule's text that `parser` has checked."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge_agent.evaluate.expressions.bounds import NOTHING_IMPLIED, Implied
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.logic import Truth


class Known(NamedTuple):
    """What is known of a name: its kind, and the range that it stays within.

    `key` is its name among the values, if that differs. A channel is measured `every` so many
    seconds, and its value is current for `max_age` seconds.
    """

    kind: Literal["numeric", "binary"] = "numeric"
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    key: str = ""
    every: float = 1.0
    max_age: float = 10.0


class Span(NamedTuple):
    """A window that an expression uses; a `hole` of so many seconds makes it unknown."""

    channel: str
    seconds: float
    hole: float


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition; `inputs` are the names that it depends on, `spans` the windows.

    It is `timed` if time alone may change it, without a new value of any channel. `implied` is
    what it says about single values.
    """

    text: str
    inputs: frozenset[str]
    evaluate: Truth
    spans: frozenset[Span] = frozenset()
    timed: bool = False
    implied: Implied = NOTHING_IMPLIED

    def __call__(self, context: Context) -> bool | None:
        """Return True, False, or None if a value that would decide is missing."""
        return self.evaluate(context)
