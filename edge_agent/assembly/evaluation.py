"""What the engine evaluates with: current values, rules and outputs, restored from the log."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial

from edge_agent.assembly.restore import last_alerts, read_history, restore_values
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedOutput
from edge_agent.clock import Clock, Moment
from edge_agent.evaluate.commands.bounds import Bounds, Span
from edge_agent.evaluate.commands.execute import CommandExecutor, Delegate
from edge_agent.evaluate.commands.outcomes import KnownAnswers
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.engine_items import EvaluationParts
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.output_state import OutputState
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.outputs.unsafe_outputs import alert_name
from edge_agent.evaluate.rules.alerts import OPEN, orphaned
from edge_agent.evaluate.rules.rule import spans
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.evaluate.rules.rule_state import RuleState, restored
from edge_agent.evaluate.saved_state import ChangedStates, load_states, save_state
from edge_agent.events import Alert
from edge_agent.store.reader import LogReader


def assemble_evaluation(
    blueprint: Blueprint,
    reader: LogReader,
    clock: Clock,
    connect: Callable[[ResolvedOutput], GuardedOutput],
    delegate: Delegate,
) -> EvaluationParts:
    """Return values, windows, rules and outputs, as the log restores them."""
    now = clock.now()
    current = unknown_values(blueprint, now)
    restore_values(current, read_history(reader, clock.boot, now, horizon(blueprint)))
    saved = reader.saved_states()
    last, of_outputs = last_alerts(reader), output_alerts(blueprint)
    alerts = {name: one for name, one in last.items() if name not in of_outputs}
    states = states_after(alerts, now) | load_states(saved, "rule/", RuleState, now, clock.boot)
    limits = bounds(blueprint)
    save = partial(save_state, boot=clock.boot)
    rule_set = RuleSet(blueprint.rules, limited(states, limits.thresholds), current, save)
    of_before = load_states(saved, "output/", OutputState, now, clock.boot)
    outputs = OutputSet(map(connect, blueprint.outputs), of_before, open_alerts(last))
    allowed = blueprint.config.commands.allow
    executor = CommandExecutor(
        allowed, rule_set, outputs, bounds=limits, delegate=delegate, known=KnownAnswers(saved)
    )
    removed = removed_rules(rule_set, alerts, states, now, clock.boot)
    changed = ChangedStates("output/", of_before, clock.boot).save(outputs.states(), now)
    ended = RuleChanges(removed.alerts, [*removed.saved_states, *changed])
    return EvaluationParts(current, rule_set, outputs, executor, ended)


def open_alerts(alerts: Mapping[str, Alert]) -> list[str]:
    """Return the names of those that have yet to be resolved."""
    return [name for name, one in alerts.items() if one.state in OPEN]


def alert_names(blueprint: Blueprint) -> list[str]:
    """Return the names of all alerts that a blueprint may raise."""
    return [*(rule.name for rule in blueprint.rules), *output_alerts(blueprint)]


def output_alerts(blueprint: Blueprint) -> list[str]:
    """Return the names of the alerts that report outputs."""
    return [alert_name(output.name) for output in blueprint.outputs]


def unknown_values(blueprint: Blueprint, now: Moment) -> CurrentValues:
    """Return the values of a blueprint's devices, none of which is known yet."""
    plans = {one.name: one.plan for one in blueprint.devices}
    windows = blueprint.config.aggregates.windows
    return CurrentValues(plans, spans(blueprint.rules), began=now.uptime, aggregates=windows)


def limited(
    states: Mapping[str, RuleState], thresholds: Mapping[tuple[str, str], Span]
) -> dict[str, RuleState]:
    """Return the states without thresholds that the configuration no longer allows."""
    of_rule: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for (rule, threshold), limits in thresholds.items():
        of_rule[rule][threshold] = limits
    return {name: state.within(of_rule[name]) for name, state in states.items()}


def removed_rules(
    rule_set: RuleSet,
    alerts: Mapping[str, Alert],
    states: Mapping[str, RuleState],
    now: Moment,
    boot: str,
) -> RuleChanges:
    """Resolve alerts of rules that are gone or have another condition; save states that differ.

    A rule that is added again later starts from the beginning.
    """
    rules = rule_set.rules
    lasting = {name for name in rules if states.get(name, RuleState()).continues(rules[name])}
    new = {name: rule_set.states.get(name, RuleState()) for name in states}
    saved = [
        save_state(f"rule/{name}", state, now, boot)
        for name, state in new.items()
        if state != states[name]
    ]
    return RuleChanges(orphaned(alerts, states, lasting, now), saved)


def bounds(blueprint: Blueprint) -> Bounds:
    """Return what each threshold may be set to, and each device be calibrated to."""
    thresholds = {
        (rule.name, name): (one.low, one.high)
        for rule in blueprint.config.rule
        for name, one in rule.threshold.items()
    }
    return Bounds(thresholds, {one.name: one.calibrates for one in blueprint.devices})


def horizon(blueprint: Blueprint) -> float:
    """Return how many seconds of readings matter to what is true now."""
    ages = (one.plan.max_age for one in blueprint.devices)
    windows = (span.seconds + 2 * span.hole for span in spans(blueprint.rules))
    aggregates = blueprint.config.aggregates.windows
    return max([*ages, *windows, *aggregates], default=0.0)


def states_after(alerts: Mapping[str, Alert], now: Moment) -> dict[str, RuleState]:
    """Return the states after the latest alerts: a log from before states were saved."""
    return {name: restored(alert.state, now) for name, alert in alerts.items()}
