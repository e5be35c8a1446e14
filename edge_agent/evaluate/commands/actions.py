"""What the engine does itself for a command: to outputs, rules and thresholds."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from edge_agent.clock import Moment
from edge_agent.errors import CommandError
from edge_agent.evaluate.commands import command as commands
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.command import Command
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.output_state import Order
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet

Action: TypeAlias = Callable[[Moment], RuleChanges | None]


class CommandActions:
    """The actions by the kind of command; each raises CommandError if it is not possible."""

    def __init__(self, rule_set: RuleSet, outputs: OutputSet, bounds: Bounds) -> None:
        self._rule_set = rule_set
        self._outputs = outputs
        self._thresholds = bounds.thresholds
        self._actions: dict[type[Command], Callable[[Any, Moment], RuleChanges | None]] = {
            commands.Set: self._auto,
            commands.Acknowledge: self._acknowledge,
            commands.Silence: self._silence,
            commands.Enable: self._enable,
            commands.Disable: self._disable,
            commands.SetThreshold: self._threshold,
        }

    def of(self, command: Command) -> Action | None:
        """Return what to do for a command; None if the engine cannot do it."""
        action = self._actions.get(type(command))
        return None if action is None else partial(action, command)

    def _rule(self, name: str) -> Rule:
        if name not in self._rule_set.rules:
            known = ", ".join(self._rule_set.rules) or "none"
            raise CommandError(f"no rule {name[:64]!r}; known: {known}")
        return self._rule_set.rules[name]

    def order_of(self, command: commands.Set, now: Moment) -> Order | None:
        """Return what a command asks of an output; None if it leaves it to the rules."""
        self._check_output(command)
        guard = self._outputs.output(command.output).guard
        if command.number is not None and not guard.takes(command.number):
            raise CommandError(
                f"{command.output} is on or off: send on or off, not {command.value}"
            )
        until = now.uptime + round(command.lasts * 1e6)
        return None if command.number is None else Order(command.number, until)

    def _auto(self, command: commands.Set, _now: Moment) -> None:
        self._check_output(command)
        self._outputs.order(command.output, None)

    def _check_output(self, command: commands.Set) -> None:
        if command.output not in self._outputs.names:
            known = ", ".join(sorted(self._outputs.names)) or "none"
            raise CommandError(f"no output {command.output[:64]!r}; known: {known}")

    def _acknowledge(self, command: commands.Acknowledge, now: Moment) -> RuleChanges:
        rule = self._rule(command.rule)
        if self._rule_set.states[rule.name].state != "firing":
            raise CommandError(f"{rule.name} is not firing")
        return self._rule_set.change(rule, now, "firing", acknowledged=True)

    def _silence(self, command: commands.Silence, now: Moment) -> RuleChanges:
        until = now.uptime + round(command.lasts * 1e6)
        return self._rule_set.change(self._rule(command.rule), now, silenced_until=until)

    def _enable(self, command: commands.Enable, now: Moment) -> RuleChanges:
        return self._rule_set.change(self._rule(command.rule), now, enabled=True)

    def _disable(self, command: commands.Disable, now: Moment) -> RuleChanges:
        return self._rule_set.end(self._rule(command.rule), now, enabled=False)

    def _threshold(self, command: commands.SetThreshold, now: Moment) -> RuleChanges:
        rule = self._rule(command.rule)
        bounds = self._thresholds.get((rule.name, command.threshold))
        if bounds is None:
            known = ", ".join(rule.thresholds) or "none"
            raise CommandError(f"no threshold {command.threshold[:64]!r}; {rule.name} has: {known}")
        if not bounds[0] <= command.value <= bounds[1]:
            raise CommandError(f"{command.value:g} is not between {bounds[0]:g} and {bounds[1]:g}")
        before = self._rule_set.states[rule.name].thresholds
        changed = {**before, command.threshold: command.value}
        return self._rule_set.change(rule, now, thresholds=changed)
