"""Alerts: which changes of a rule are reported. No I/O, no clock.

A change is reported once. While a rule keeps firing, its alert is repeated at each `repeat`, unless
it is acknowledged or silenced. A rule that fires too often is reported as flapping, and then not at
all until it has calmed down; its outputs follow it all the time.
"""

from collections.abc import Container, Mapping

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.evaluate.rules.transitions import Change, due, evaluate, evaluate_unknown
from edge_agent.events import Alert, AlertState

STORM_SECONDS = 600
OPEN = frozenset({"firing", "flapping"})  # states of an alert that has yet to be resolved


class AlertStep(msgspec.Struct, frozen=True):
    """The state after an evaluation, and the alert that it brings, if any."""

    after: RuleState
    alert: Alert | None = None


def step(rule: Rule, before: RuleState, context: Context) -> AlertStep:
    """Evaluate a rule; a disabled one does not change."""
    if not before.enabled:
        return AlertStep(before)
    return _decide(rule, before, evaluate(rule, before, context), context)


def step_unknown(rule: Rule, before: RuleState, context: Context) -> AlertStep:
    """Treat the condition of a rule that cannot be evaluated as unknown."""
    return _decide(rule, before, evaluate_unknown(rule, before, context.moment.uptime), context)


def next_due(rule: Rule, state: RuleState) -> int | None:
    """Return the uptime in µs at which time alone changes something; None if never."""
    if not state.enabled:
        return None
    ends = due(rule, state)
    times = [] if ends is None else [ends]
    if state.flapping:
        times.append(_calm_at(rule, state))
    elif _repeats(rule, state):
        times.append(_next_repeat(rule, state))
    return min(times, default=None)


def make_alert(rule: Rule, state: RuleState, alert_state: AlertState, context: Context) -> Alert:
    """Return an alert with its evidence: the values that the rule depends on."""
    return Alert(
        rule.name,
        alert_state,
        context.moment,
        rule.severity,
        {name: context.values[name] for name in sorted(rule.inputs) if name in context.values},
        message=rule.message.fill(context.values) if rule.message else "",
        repeat=state.repeats,
        acknowledged=state.acknowledged,
        silenced=context.moment.uptime < state.silenced_until,
    )


def orphaned(
    last: Mapping[str, Alert], states: Mapping[str, RuleState], rules: Container[str], now: Moment
) -> list[Alert]:
    """Return a `resolved` alert for each rule that was removed while it was firing or flapping.

    `last` are the latest alerts in the log, `states` those that were saved: the log may have
    dropped an alert by now. `rules` are the names of the rules in the configuration.
    """
    open_alerts = {name for name, one in last.items() if one.state in OPEN}
    open_states = {name for name, one in states.items() if one.open}
    names = sorted(name for name in open_alerts | open_states if name not in rules)
    return [_orphan(name, last.get(name), states.get(name, RuleState()), now) for name in names]


def _orphan(name: str, last: Alert | None, state: RuleState, now: Moment) -> Alert:
    severity = last.severity if last else "warning"
    silenced = now.uptime < state.silenced_until
    return Alert(name, "resolved", now, severity, {}, silenced=silenced)


def _decide(rule: Rule, before: RuleState, change: Change, context: Context) -> AlertStep:
    """Return the state with the alert that follows from a change, if any."""
    now = context.moment.uptime
    after, alert_state = change.after, change.alert
    if alert_state is not None:
        after = msgspec.structs.replace(after, repeats=0, acknowledged=False)
    if alert_state == "firing":
        after = _fired(rule, after, now)
    if before.flapping:
        return _while_flapping(rule, after, context)
    if after.flapping:
        return _report(rule, after, "flapping", context)
    if alert_state is not None:
        return _report(rule, after, alert_state, context)
    if _repeats(rule, after) and _next_repeat(rule, after) <= now:
        return _report(
            rule, msgspec.structs.replace(after, repeats=after.repeats + 1), "firing", context
        )
    return AlertStep(after)


def _next_repeat(rule: Rule, state: RuleState) -> int:
    return max(state.reported_at + round(rule.repeat * 1e6), state.silenced_until)


def _repeats(rule: Rule, state: RuleState) -> bool:
    return rule.repeat > 0 and state.state == "firing" and not state.acknowledged


def _fired(rule: Rule, state: RuleState, now: int) -> RuleState:
    recent = (*_recent(state.firings, now), now)[-(rule.storm + 1) :]
    return msgspec.structs.replace(
        state, firings=recent, flapping=state.flapping or len(recent) > rule.storm
    )


def _while_flapping(rule: Rule, state: RuleState, context: Context) -> AlertStep:
    """Report nothing until it fires at most half as often as it may, and then its state."""
    if len(_recent(state.firings, context.moment.uptime)) > _calm(rule):
        return AlertStep(state)
    after = msgspec.structs.replace(state, flapping=False, acknowledged=False, repeats=0)
    return _report(rule, after, "firing" if state.state == "firing" else "resolved", context)


def _report(rule: Rule, state: RuleState, alert_state: AlertState, context: Context) -> AlertStep:
    after = msgspec.structs.replace(state, reported_at=context.moment.uptime)
    return AlertStep(after, make_alert(rule, after, alert_state, context))


def _calm_at(rule: Rule, state: RuleState) -> int:
    """Return the uptime in µs at which a flapping rule has calmed down."""
    if len(state.firings) <= _calm(rule):  # `storm` is higher than when the state was saved
        return state.reported_at
    return state.firings[-_calm(rule) - 1] + STORM_SECONDS * 1_000_000


def _calm(rule: Rule) -> int:
    return rule.storm // 2


def _recent(firings: tuple[int, ...], now: int) -> tuple[int, ...]:
    return tuple(at for at in firings if now - at < STORM_SECONDS * 1_000_000)
