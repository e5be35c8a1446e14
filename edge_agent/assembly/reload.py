"""A renewal: another configuration takes the place of the one that runs.

What did not change goes on: values and windows, rules with their states, outputs as they are set.
"""

from collections.abc import Callable
from functools import partial

from edge_agent.assembly.evaluation import bounds
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedOutput
from edge_agent.clock import Clock
from edge_agent.evaluate.commands.execute import Delegate
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.engine import EvaluationParts
from edge_agent.evaluate.outputs.output_set import GuardedOutput, Switchable
from edge_agent.evaluate.rules.rule import spans
from edge_agent.evaluate.rules.rule_set import RuleSet
from edge_agent.evaluate.saved_state import save_state

RESTART = "cannot change while the agent runs; `sudo systemctl restart edge-agent`"


def obstacles(old: Blueprint, new: Blueprint) -> list[str]:
    """Return what in a new configuration needs a restart."""
    changed = {
        "node": old.config.node != new.config.node,
        "log": old.config.log != new.config.log,
        "aggregates": old.config.aggregates != new.config.aggregates,
    }
    return [f"{name}: {RESTART}" for name, differs in changed.items() if differs]


def same_delivery(old: Blueprint, new: Blueprint) -> bool:
    """Tell whether the connection and the sinks may go on."""
    return (old.config.mqtt, old.broker, old.notify, bool(old.config.commands.allow)) == (
        new.config.mqtt,
        new.broker,
        new.notify,
        bool(new.config.commands.allow),
    )


class Renewal:
    """Makes the judges of a `new` blueprint from those of the `old` one, in the engine's thread."""

    def __init__(
        self,
        old: Blueprint,
        new: Blueprint,
        *,
        clock: Clock,
        connect: Callable[[ResolvedOutput], Switchable],
        delegate: Delegate,
    ) -> None:
        self._old = old
        self._new = new
        self._clock = clock
        self._connect = connect
        self._delegate = delegate

    @property
    def kept(self) -> frozenset[str]:
        """Return the names of the rules that are the same."""
        before = {rule.name: rule for rule in self._old.config.rule}
        same = (rule.name for rule in self._new.config.rule if before.get(rule.name) == rule)
        return frozenset(same)

    def parts(self, before: EvaluationParts) -> EvaluationParts:
        """Return the new judges; outputs that are no more are safe then, and given back."""
        plans = {one.name: one.plan for one in self._new.devices}
        current = CurrentValues(
            plans,
            spans(self._new.rules),
            began=self._clock.now().uptime,
            aggregates=self._new.config.aggregates.windows,
        )
        current.inherit(before.current)
        states = {name: before.rule_set.states[name] for name in self.kept}
        rule_set = RuleSet(
            self._new.rules, states, current, partial(save_state, boot=self._clock.boot)
        )
        self._renew_outputs(before)
        executor = before.executor.renewed(
            self._new.config.commands.allow, rule_set, bounds(self._new.config), self._delegate
        )
        return EvaluationParts(current, rule_set, before.outputs, executor)

    def _renew_outputs(self, before: EvaluationParts) -> None:
        old = {one.name: one for one in self._old.outputs}
        same = {
            one.name
            for one in self._new.outputs
            if one.name in old and _same_driver(old[one.name], one)
        }
        before.outputs.release(old.keys() - same)
        for one in self._new.outputs:
            name = one.name
            driver = before.outputs.driver(name) if name in same else self._connect(one)
            before.outputs.take(GuardedOutput(name, driver, one.guard))


def _same_driver(one: ResolvedOutput, other: ResolvedOutput) -> bool:
    return (one.driver, one.place, one.options) == (other.driver, other.place, other.options)
