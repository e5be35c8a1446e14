"""From the text of a fleet's rule to a checked condition.

The agent's own parser reads it. What a fleet adds are names to it: channels, and pieces such as
`silent(node) for 10m` that are true, false or unknown; so the agent's grammar stays as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import cached_property
from typing import Any

from consumers.alerts.names import (
    OPERATIONS,
    Clause,
    NodeChannel,
    NodeTest,
    UnusableName,
    channels_in,
    clauses_in,
    tests_in,
)
from edge_agent.errors import ConfigError, PieceError
from edge_agent.evaluate.expressions.expression import Expression, Known
from edge_agent.evaluate.expressions.parser import parse

TRUTH = Known("binary", 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Quantified:
    """How many nodes fulfil a condition, compared with a number; `all` and `any` have none."""

    quantifier: str
    condition: "FleetCondition"
    operation: Callable[[Any, Any], bool]
    number: int


@dataclass(frozen=True)
class FleetNames:
    """The meaning of the names in a text, by their text."""

    channels: Mapping[str, NodeChannel]
    tests: Mapping[str, NodeTest]
    quantified: Mapping[str, Quantified]

    @cached_property
    def per_node(self) -> bool:
        """Whether they are about each node in turn."""
        nodes = [one.node for one in self.channels.values()]
        return "" in [*nodes, *(one.node for one in self.tests.values())]

    @cached_property
    def own(self) -> frozenset[str]:
        """The channels of the node that it is about."""
        return frozenset(one.channel for one in self.channels.values() if not one.node)

    @cached_property
    def of_others(self) -> bool:
        """Whether they are about more than one node."""
        return bool(self.quantified) or any(one.node for one in self.channels.values())

    def joined(self, others: "FleetNames") -> "FleetNames":
        """Return the names of two texts; the same text has the same meaning."""
        return FleetNames(
            {**self.channels, **others.channels},
            {**self.tests, **others.tests},
            {**self.quantified, **others.quantified},
        )


@dataclass(frozen=True, slots=True)
class FleetCondition:
    """An expression, and what the names in it mean."""

    expression: Expression
    names: FleetNames


class ConditionParser:
    """Reads conditions; `known` says what is declared of a channel, `default` is for the others."""

    def __init__(self, known: Mapping[str, Known], default: Known, zone: tzinfo | None) -> None:
        self._known = known
        self._default = default
        self._zone = zone

    def condition(self, text: str, *, clause: bool = False) -> FleetCondition:
        """Return the checked condition; raise ConfigError with what is wrong."""
        line = " ".join(text.split())
        try:
            clauses = dict(clauses_in(line))
            rest = _without(line, clauses)
            tests = dict(tests_in(rest))
            channels = dict(channels_in(_without(rest, tests), clause=clause))
        except UnusableName as error:
            raise ConfigError((str(error),)) from None
        quantified = {
            piece: self._quantified(one, line.index(piece) + piece.rindex(one.text))
            for piece, one in clauses.items()
        }
        known = {piece: self.known(one.channel) for piece, one in channels.items()}
        expression = self._parsed(line, known, [*tests, *clauses])
        timed = expression.timed or bool(tests or clauses)
        names = FleetNames(channels, tests, quantified)
        return FleetCondition(replace(expression, timed=timed), names)

    def known(self, channel: str) -> Known:
        """Return what is known of a channel of any node."""
        return self._known.get(channel, self._default)

    def _quantified(self, clause: Clause, start: int) -> Quantified:
        condition = self._condition_of(clause, start)
        if not condition.names.per_node:
            what = f"{clause.text!r} is the same for every node; name a channel without its node"
            raise ConfigError((what,))
        operation = OPERATIONS[clause.comparison]
        if clause.number == 0 and clause.comparison in {"<", ">="}:
            raise ConfigError((f"the count of {clause.text!r} is never below 0",))
        return Quantified(clause.quantifier, condition, operation, clause.number)

    def _condition_of(self, clause: Clause, start: int) -> FleetCondition:
        """Return the condition of a clause that begins at `start`; so do its problems' offsets."""
        try:
            return self.condition(clause.text, clause=True)
        except PieceError as error:
            offsets = tuple(start + offset for offset in error.offsets)
            raise PieceError(error.problems, offsets) from None

    def _parsed(self, line: str, known: Mapping[str, Known], truths: list[str]) -> Expression:
        expression = parse(line, {**known, **dict.fromkeys(truths, TRUTH)}, self._zone)
        windows = {span.channel for span in expression.spans}
        if wrong := windows - known.keys():
            raise ConfigError((f"{min(wrong)!r} is not a channel",))
        return expression


def _without(text: str, pieces: Mapping[str, object]) -> str:
    """Return a text in which blanks stand for the pieces, the longest first."""
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, " " * len(piece))
    return text
