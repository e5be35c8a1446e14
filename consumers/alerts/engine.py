"""The alert engine: takes events and time, and finds which alerts change.

The agent's own rules decide, for each node or for the fleet. Times are µs since 1970. An event
counts at its own time; the time of an alert never goes back. No I/O, no clock.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from consumers.alerts.clauses import FleetClauses
from consumers.alerts.conditions import FleetView, Listening
from consumers.alerts.evidence import Evidence, transition_of
from consumers.alerts.fleet_rule import FleetRule
from consumers.alerts.nodes import FleetNode, FleetNodes
from consumers.alerts.records import AlertRecords
from consumers.received_event import ReceivedEvent
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.rules.alerts import AlertStep, step, step_unknown
from edge_agent.evaluate.rules.rule_state import RuleState

TICK = 500_000  # µs between two looks at what time alone changes
SLICE = 500  # nodes that are looked at in one tick

_logger = logging.getLogger(__name__)


class AlertEngine:
    """Owns the fleet's state; `began` is when it began to listen."""

    def __init__(
        self,
        rules: Iterable[FleetRule],
        nodes: FleetNodes,
        records: AlertRecords,
        max_age: Callable[[str], int],
        began: int,
    ) -> None:
        self.nodes = nodes
        self.records = records
        self._rules = {rule.name: rule for rule in rules}
        self._clauses = FleetClauses(self._rules.values())
        self._max_age = max_age
        self._began = began
        self._listening = Listening(connected=True, since=began)
        self._ticked_at = 0
        self._fleet_at = began  # the latest time that was evaluated: what several nodes share
        self._next_slice = 0
        self._failed: set[str] = set()
        self._own, self._named = _watchers(self._rules.values())
        self._timed = [rule for rule in self._rules.values() if rule.per_node and rule.timed]
        self._fleet = [rule for rule in self._rules.values() if not rule.per_node]
        self._count_what_is_known()
        self._end_records_without_a_rule()

    def listen(self, now: int, *, connected: bool) -> bool:
        """Note whether the source is connected; return whether that has changed.

        While it is not, no node counts as silent: it may speak, and we do not hear it.
        """
        if connected == self._listening.connected:
            return False
        self._listening = Listening(connected, now)
        return True

    def take(self, event: ReceivedEvent, now: int) -> None:
        """Take an event that has arrived."""
        channels = self.nodes.take(event, now)
        if not channels:
            return
        node = self.nodes.nodes[event.node]
        at = min(round(event.time.timestamp() * 1e6), now)
        self._fleet_at = max(self._fleet_at, at)
        changed = self._clauses.take(node, channels, self._view(self._fleet_at))
        own = {rule.name for name in channels for rule in self._own.get(name, ())}
        for name in sorted(own):
            self._evaluate_for(self._rules[name], node, at)
        changed |= {rule for name in channels for rule in self._named.get((node.name, name), ())}
        for name in sorted(changed):
            if not self._rules[name].per_node:
                self._evaluate(self._rules[name], None, self._fleet_at)

    def advance(self, now: int) -> None:
        """Find what time alone changes."""
        if 0 <= now - self._ticked_at < TICK:
            return
        self._ticked_at, self._fleet_at = now, max(self._fleet_at, now)
        view = self._view(now)
        for node in self._slice():
            self._clauses.refresh(node, view)
            for rule in self._timed:
                self._evaluate_for(rule, node, now)
        for name, node_name in self.records.active():
            if node_name and (found := self.nodes.nodes.get(node_name)):
                self._evaluate_for(self._rules[name], found, now)
        for rule in self._fleet:
            self._evaluate(rule, None, now)
        self.records.report_unsilenced(now)

    def forget(self, node: str, now: int) -> None:
        """Remove a node, and resolve its alerts; it comes back if it is heard."""
        self.nodes.forget(node)
        self._clauses.forget(node)
        for key in self.records.every_key():
            if key[1] == node:
                self.records.end(key, now)

    def _slice(self) -> list[FleetNode]:
        """Return all nodes, or of very many the next ones."""
        everyone = list(self.nodes.nodes.values())
        first = self._next_slice if self._next_slice < len(everyone) else 0
        self._next_slice = first + SLICE
        return everyone[first : first + SLICE]

    def _count_what_is_known(self) -> None:
        """Let clauses have all nodes before the first event: it may come before any tick."""
        view = self._view(self._began)
        for node in self.nodes.nodes.values():
            self._clauses.refresh(node, view)

    def _end_records_without_a_rule(self) -> None:
        """Resolve the alerts of rules that are gone, or whose condition is another one."""
        for key in self.records.every_key():
            record, rule = self.records.get(key), self._rules.get(key[0])
            kept = rule and record and record.state.continues(rule.rule)
            if not (kept and rule and rule.is_about(key[1])):
                self.records.end(key, self._began)

    def _view(self, at: int) -> FleetView:
        return FleetView(self.nodes.nodes, at, self._began, self._listening, self._max_age)

    def _evaluate_for(self, rule: FleetRule, node: FleetNode, at: int) -> None:
        """Evaluate a rule for a node, if that has had a value of each channel that it uses."""
        if rule.nodes.matches(node.name) and rule.names.own <= node.state.seen.keys():
            self._evaluate(rule, node, at)

    def _evaluate(self, rule: FleetRule, node: FleetNode | None, at: int) -> None:
        key = (rule.name, node.name if node else "")
        record = self.records.get(key)
        before = record.state if record else rule.idle
        at = max(at, _latest(before))
        answers = self._clauses.answers(rule.name) if rule.names.quantified else {}
        context = self._view(at).context(rule.names, rule.spans, node, answers)
        result = self._step(rule, before, context)
        if result.alert:
            nodes = self._clauses.fulfilling(rule.name)
            evidence = Evidence(node, nodes, context.values, result.after.since)
            transition = transition_of(rule, result.alert, evidence)
            self.records.store(key, result.after, transition)
        elif result.after is not before:
            self.records.store(key, result.after, None)

    def _step(self, rule: FleetRule, before: RuleState, context: Context) -> AlertStep:
        try:
            return step(rule.rule, before, context)
        except Exception:
            if rule.name not in self._failed:
                what = "rule %s: could not be evaluated (a bug, please report it); it is unknown"
                _logger.exception(what, rule.name)
            self._failed.add(rule.name)
            return step_unknown(rule.rule, before, context)


def _latest(state: RuleState) -> int:
    """Return the latest time in a state, before which it is not evaluated again."""
    return max(state.since, state.unknown_since or 0, state.over_since or 0, state.reported_at)


def _watchers(
    rules: Iterable[FleetRule],
) -> tuple[Mapping[str, list[FleetRule]], Mapping[tuple[str, str], list[str]]]:
    """Return the rules by their channels of each node, and by those of nodes that they name."""
    own: dict[str, list[FleetRule]] = defaultdict(list)
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in rules:
        for channel in rule.names.channels.values():
            if channel.node:
                named[channel.node, channel.channel].append(rule.name)
            else:
                own[channel.channel].append(rule)
    return own, named
