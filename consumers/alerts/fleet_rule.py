"""A rule over a fleet: the agent's rule, and what the names in it mean."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from consumers.alerts.expression import FleetNames
from consumers.alerts.fleet_text import FleetText
from edge_agent.evaluate.expressions.expression import Span
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_state import RuleState


@dataclass(frozen=True, slots=True)
class NameSelection:
    """Some names; in a pattern, * stands for any text. Without a pattern it is all of them."""

    patterns: tuple[str, ...] = ()

    def matches(self, name: str) -> bool:
        """Return whether a name is one of them."""
        return not self.patterns or any(fnmatchcase(name, one) for one in self.patterns)


class FleetRule:
    """`rule` decides, with its inputs by the names that are explained in `names`."""

    def __init__(
        self, rule: Rule, names: FleetNames, nodes: NameSelection, text: FleetText | None = None
    ) -> None:
        self.rule = rule
        self.names = names
        self.nodes = nodes
        self.text = text

    @property
    def name(self) -> str:
        """Its name."""
        return self.rule.name

    @property
    def per_node(self) -> bool:
        """Whether it has a state for each node."""
        return self.names.per_node

    @property
    def timed(self) -> bool:
        """Whether more than the channels of one node may change it, such as time alone."""
        return self.rule.timed or self.names.of_others

    @cached_property
    def idle(self) -> RuleState:
        """Its state if there is nothing to remember."""
        return RuleState(condition=self.rule.condition)

    def is_about(self, node: str) -> bool:
        """Return whether it may have a state for a node; "" is the fleet."""
        if self.per_node:
            return bool(node) and self.nodes.matches(node)
        return not node

    @cached_property
    def spans(self) -> frozenset[Span]:
        """The windows of its own conditions, without those of clauses."""
        return frozenset(span for one in self.rule.expressions for span in one.spans)
