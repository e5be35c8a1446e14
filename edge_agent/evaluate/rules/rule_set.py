"""The rules with their states, and which of them a new value concerns."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.rules.alerts import AlertStep, make_alert, next_due, step, step_unknown
from edge_agent.evaluate.rules.due_rules import DueRules
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.events import Alert, AlertState, SavedState

_logger = logging.getLogger(__name__)


class RuleChanges(msgspec.Struct, frozen=True):
    """What an evaluation of some rules changed."""

    alerts: list[Alert]
    saved_states: list[SavedState]
    acting_changed: bool = False  # a rule starts or stops setting outputs, or loses control


NOTHING = RuleChanges([], [])


class RuleSet:
    """Owns the rules' states; `states` are those from before, `save` encodes one.

    Of a rule with another condition than before, only what was commanded is left.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        states: Mapping[str, RuleState],
        current: CurrentValues,
        save: Callable[[str, msgspec.Struct, Moment], SavedState],
    ) -> None:
        self.rules = {rule.name: rule for rule in rules}
        before = ((rule, states.get(rule.name, RuleState())) for rule in rules)
        self.states = {rule.name: state.continued(rule) for rule, state in before}
        self.timed = [rule for rule in rules if rule.timed]
        self._setting = [rule for rule in rules if rule.settings]
        self._current = current
        self._save = save
        self._due = DueRules()
        self._failures: Counter[str] = Counter()  # by rule, in a row
        self._watching = watchers(rules)
        for rule in rules:
            self._set_thresholds(rule)
            self._note_due(rule)

    @property
    def due_at(self) -> int:
        """Return the uptime in µs at which time alone changes a rule."""
        return self._due.first

    def acting(self) -> list[Rule]:
        """Return the rules that set outputs now."""
        return [rule for rule in self._setting if self.states[rule.name].acts]

    def unknown(self) -> list[Rule]:
        """Return the rules that set outputs no longer: firing, with an unknown condition."""
        return [rule for rule in self._setting if self.states[rule.name].lost]

    def unknown_names(self) -> frozenset[str]:
        """Return the names of the pending and firing rules whose condition is unknown."""
        return frozenset(name for name, state in self.states.items() if not state.known)

    def watching(self, device: str) -> Sequence[Rule]:
        """Return the rules that depend on a device: a reading costs nothing for the others."""
        return self._watching.get(device, ())

    def due_by(self, uptime: int) -> list[Rule]:
        """Return the rules that are due."""
        return [self.rules[name] for name in self._due.until(uptime)]

    def evaluate(self, rules: Iterable[Rule], moment: Moment) -> RuleChanges:
        """Evaluate rules at one moment."""
        changes = RuleChanges([], [])
        context = self._current.context(moment)
        for rule in rules:
            before = self.states[rule.name]
            try:
                result = step(rule, before, context)
            except Exception as bug:  # noqa: BLE001 - it makes its rule unknown, not the engine dead
                self._note_failure(rule, bug)
                result = step_unknown(rule, before, context)
            else:
                if self._failures:
                    self._note_recovery(rule)
            if result.after is not before or result.alert:
                changes = self._store(changes, rule, result, moment)
        return changes

    def change(
        self, rule: Rule, moment: Moment, alert: AlertState | None = None, **fields: object
    ) -> RuleChanges:
        """Change a rule's state on request; `alert` is reported, if it is given."""
        after = msgspec.structs.replace(self.states[rule.name], **fields)
        reported = make_alert(rule, after, alert, self._current.context(moment)) if alert else None
        changes = self._store(RuleChanges([], []), rule, AlertStep(after, reported), moment)
        self._set_thresholds(rule)
        return changes

    def end(self, rule: Rule, moment: Moment, **fields: object) -> RuleChanges:
        """End what a rule does: one that fires or flaps is resolved, a pending one inactive."""
        before = self.states[rule.name]
        alert: AlertState | None = "inactive" if before.state == "pending" else None
        begin = {"flapping": False, "acknowledged": False, "repeats": 0, "over_since": None}
        ended = {"state": "inactive", "unknown_since": None, **begin, **fields}
        return self.change(rule, moment, "resolved" if before.open else alert, **ended)

    def _store(
        self, changes: RuleChanges, rule: Rule, result: AlertStep, moment: Moment
    ) -> RuleChanges:
        before, after = self.states[rule.name], result.after
        self.states[rule.name] = after
        if result.alert is not None:
            changes.alerts.append(result.alert)
        changes.saved_states.append(self._save(f"rule/{rule.name}", after, moment))
        self._note_due(rule)
        if rule.settings and (before.acts, before.lost) != (after.acts, after.lost):
            return msgspec.structs.replace(changes, acting_changed=True)
        return changes

    def _note_due(self, rule: Rule) -> None:
        self._due.note(rule.name, next_due(rule, self.states[rule.name]))

    def _set_thresholds(self, rule: Rule) -> None:
        for name, value in {**rule.thresholds, **self.states[rule.name].thresholds}.items():
            self._current.set_threshold(rule.name, name, value)

    def _note_failure(self, rule: Rule, bug: Exception) -> None:
        self._failures[rule.name] += 1
        if self._failures[rule.name] == 1:
            what = "rule %s: could not be evaluated (a bug, please report it); unknown until it can"
            _logger.error(what, rule.name, exc_info=bug, extra={"rule": rule.name})

    def _note_recovery(self, rule: Rule) -> None:
        times = self._failures.pop(rule.name, 0)
        if times:
            _logger.warning("rule %s: evaluated again after %d failures", rule.name, times)


def watchers(rules: Iterable[Rule]) -> Mapping[str, list[Rule]]:
    """Return the rules that depend on each device."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for device in {name.partition(".")[0] for name in rule.inputs if "." in name}:
            found[device].append(rule)
    return found
