"""The rulebook: every rule with its state, and which of them a change of the world touches."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.current_values import NEVER, CurrentValues
from edge_agent.evaluate.rules.alerts import AlertStep, alert, next_due, step, step_lost
from edge_agent.evaluate.rules.rule import Rule, RuleState
from edge_agent.events import Alert, AlertState, SavedState

_logger = logging.getLogger(__name__)


class RuleChanges(NamedTuple):
    """What an evaluation of some rules brought about."""

    alerts: list[Alert]
    memories: list[SavedState]
    moved: bool  # a rule begins or ceases to set outputs


class RuleSet:
    """Owns the rules' states; `states` are those from before a restart, `keep` makes memories."""

    def __init__(
        self,
        rules: Sequence[Rule],
        states: Mapping[str, RuleState],
        current: CurrentValues,
        keep: Callable[[str, msgspec.Struct, Moment], SavedState],
    ) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.states = {rule.name: states.get(rule.name, RuleState()) for rule in rules}
        self.timed = [rule for rule in rules if rule.timed]
        self._current = current
        self._keep = keep
        self._due: dict[str, int] = {}
        self._failures: Counter[str] = Counter()  # by rule, in a row
        self._of_device = watchers(rules)
        for rule in rules:
            self._set_thresholds(rule)
            self._note_due(rule)

    @property
    def due_at(self) -> int:
        """Return the uptime in µs at which time alone brings something about."""
        return min(self._due.values(), default=NEVER)

    def acting(self) -> list[Rule]:
        """Return the rules that set outputs now."""
        return [rule for rule in self.rules.values() if self.states[rule.name].acts]

    def lost(self) -> list[Rule]:
        """Return the rules that fire, but whose condition is not known any more."""
        states = self.states
        return [
            rule
            for name, rule in self.rules.items()
            if states[name].state == "firing" and not states[name].known
        ]

    def of(self, device: str) -> Sequence[Rule]:
        """Return the rules that look at a device: a reading costs only what it touches."""
        return self._of_device.get(device, ())

    def due_by(self, uptime: int) -> list[Rule]:
        """Return the rules for which it is time."""
        return [self.rules[name] for name, at in self._due.items() if at <= uptime]

    def evaluate(self, rules: Iterable[Rule], moment: Moment) -> RuleChanges:
        """Evaluate rules at one moment."""
        turn = RuleChanges([], [], moved=False)
        context = self._current.context(moment)
        for rule in rules:
            before = self.states[rule.name]
            try:
                result = step(rule, before, context)
            except Exception as bug:  # noqa: BLE001 - it makes its rule unknown, not the engine dead
                self._failed(rule, bug)
                result = step_lost(rule, before, context)
            else:
                if self._failures:
                    self._recovered(rule)
            if result.after is not before or result.alert:
                turn = self._took(turn, rule, result, moment)
        return turn

    def change(
        self, rule: Rule, moment: Moment, news: AlertState | None = None, **changes: object
    ) -> RuleChanges:
        """Change a state by somebody's wish; `news` is told of it."""
        before = self.states[rule.name]
        after = msgspec.structs.replace(before, **changes)
        told = alert(rule, after, news, self._current.context(moment)) if news else None
        turn = self._took(RuleChanges([], [], moved=False), rule, AlertStep(after, told), moment)
        self._set_thresholds(rule)
        return turn

    def _took(
        self, turn: RuleChanges, rule: Rule, result: AlertStep, moment: Moment
    ) -> RuleChanges:
        before, after = self.states[rule.name], result.after
        self.states[rule.name] = after
        if result.alert is not None:
            turn.alerts.append(result.alert)
        turn.memories.append(self._keep(f"rule/{rule.name}", after, moment))
        self._note_due(rule)
        return turn._replace(moved=turn.moved or before.acts != after.acts)

    def _note_due(self, rule: Rule) -> None:
        at = next_due(rule, self.states[rule.name])
        self._due.pop(rule.name, None)
        if at is not None:
            self._due[rule.name] = at

    def _set_thresholds(self, rule: Rule) -> None:
        for name, value in {**rule.thresholds, **self.states[rule.name].thresholds}.items():
            self._current.values[f"{rule.name}:{name}"] = value

    def _failed(self, rule: Rule, bug: Exception) -> None:
        self._failures[rule.name] += 1
        if self._failures[rule.name] == 1:
            what = "rule %s: a bug, unknown until it is gone; tell us"
            _logger.error(what, rule.name, exc_info=bug)

    def _recovered(self, rule: Rule) -> None:
        times = self._failures.pop(rule.name, 0)
        if times:
            _logger.warning("rule %s: evaluated again after %d failures", rule.name, times)


def watchers(rules: Iterable[Rule]) -> Mapping[str, list[Rule]]:
    """Return the rules that look at each device."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for device in {name.partition(".")[0] for name in rule.inputs if "." in name}:
            found[device].append(rule)
    return found
