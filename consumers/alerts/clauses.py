"""The clauses of all rules, such as `count(nodes with …) >= 2`, kept up to date node by node."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from consumers.alerts.conditions import ClauseAnswers, FleetView
from consumers.alerts.fleet_rule import FleetRule
from consumers.alerts.nodes import FleetNode


class FleetClauses:
    """Answers what clauses ask; a value costs nothing for those that do not depend on it."""

    def __init__(self, rules: Iterable[FleetRule]) -> None:
        self._of_rule: dict[str, dict[str, ClauseAnswers]] = {}
        self._selections = {rule.name: rule.nodes for rule in rules}
        self._by_channel: dict[str, list[tuple[str, ClauseAnswers]]] = defaultdict(list)
        self._all: list[tuple[str, ClauseAnswers]] = []
        for rule in rules:
            made = {piece: ClauseAnswers(one) for piece, one in rule.names.quantified.items()}
            self._of_rule[rule.name] = made
            for answers in made.values():
                self._all.append((rule.name, answers))
                for name in answers.condition.names.channels.values():
                    self._by_channel[name.channel].append((rule.name, answers))

    def answers(self, rule: str) -> Mapping[str, bool | None]:
        """Return what is known of a rule's clauses, by their text."""
        return {piece: one.truth() for piece, one in self._of_rule[rule].items()}

    def fulfilling(self, rule: str) -> list[str]:
        """Return the nodes that fulfil a clause of the rule."""
        found = {node for one in self._of_rule[rule].values() for node in one.fulfilling()}
        return sorted(found)

    def take(self, node: FleetNode, channels: Iterable[str], view: FleetView) -> set[str]:
        """Look at a node with new values of channels; return the rules that this concerns."""
        concerned = {
            id(two): (one, two) for name in channels for one, two in self._by_channel[name]
        }
        return self._looked(list(concerned.values()), node, view)

    def refresh(self, node: FleetNode, view: FleetView) -> set[str]:
        """Look at a node again, for time has passed; return the rules that this concerns."""
        those = [one for one in self._all if not one[1].waits(node, view)]
        return self._looked(those, node, view)

    def forget(self, node: str) -> None:
        """Remove a node."""
        for _, answers in self._all:
            answers.remove(node)

    def _looked(
        self, those: Sequence[tuple[str, ClauseAnswers]], node: FleetNode, view: FleetView
    ) -> set[str]:
        changed = set()
        for rule, answers in those:
            names, expression = answers.condition.names, answers.condition.expression
            if self._selections[rule].matches(node.name) and names.own <= node.state.seen.keys():
                context = view.context(names, expression.spans, node, {})
                if answers.put(node.name, expression(context)):
                    changed.add(rule)
        return changed
