"""Rules: a condition, how long it must hold, and what follows. Pure.

inactive → pending (only with a hold time) → firing → resolved, which is inactive again. An unknown
condition is never true: it interrupts a hold, and it neither fires nor resolves. While a firing
rule's condition is unknown its alert stands, but it sets no outputs: they go to their safe state.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.expression import Expression
from edge_agent.evaluate.logic import Values
from edge_agent.events import Alert, AlertState

SEVERITIES = ("info", "warning", "critical")


class Rule(msgspec.Struct, frozen=True):
    """A rule as configured; `hold` in seconds, `settings` are outputs while it fires."""

    name: str
    when: Expression
    clear: Expression | None = None
    hold: float = 0.0
    severity: str = "warning"
    settings: Mapping[str, float] = {}

    @property
    def inputs(self) -> frozenset[str]:
        """The "device.channel" names that the rule looks at."""
        return self.when.inputs | (self.clear.inputs if self.clear else frozenset())


class RuleState(NamedTuple):
    """Where a rule stands; `since` is the uptime in µs at which its hold began."""

    state: AlertState = "inactive"
    since: int = 0
    known: bool = True

    @property
    def acts(self) -> bool:
        """Whether the rule sets its outputs."""
        return self.state == "firing" and self.known


class Step(NamedTuple):
    """What one evaluation changed: at most one alert."""

    after: RuleState
    alert: Alert | None = None


def step(rule: Rule, before: RuleState, values: Values, moment: Moment) -> Step:
    """Evaluate a rule against the current values, at one moment."""
    holds = rule.when(values)
    if before.state == "firing":
        return _while_firing(rule, before, holds, values, moment)
    if holds:
        return _while_true(rule, before, values, moment)
    return _while_not_true(rule, before, values, moment)


def lost(rule: Rule, before: RuleState, moment: Moment) -> Step:
    """Treat a rule that cannot be evaluated as unknown."""
    if before.state == "firing":
        return Step(before._replace(known=False))
    return _while_not_true(rule, before, {}, moment)


def due(rule: Rule, state: RuleState) -> int | None:
    """Return the uptime in µs at which a pending rule's hold is over; None for any other."""
    return _hold_ends(rule, state.since) if state.state == "pending" and state.known else None


def restored(last: AlertState, moment: Moment) -> RuleState:
    """Return the state after a restart, given the last logged alert: it goes on, unknown yet.

    A hold begins anew: nobody saw whether the condition held meanwhile.
    """
    if last in {"pending", "firing"}:
        return RuleState(last, moment.uptime, known=False)
    return RuleState()


def _while_firing(
    rule: Rule, before: RuleState, holds: bool | None, values: Values, moment: Moment
) -> Step:
    over = rule.clear(values) if rule.clear else (None if holds is None else not holds)
    if over and not holds:  # where `when` and `clear` overlap, `when` decides: no chatter
        return Step(RuleState(), _alert(rule, "resolved", values, moment))
    return Step(before._replace(known=over is not None))


def _while_true(rule: Rule, before: RuleState, values: Values, moment: Moment) -> Step:
    held = before.state == "pending" and before.known
    since = before.since if held else moment.uptime
    if moment.uptime >= _hold_ends(rule, since):
        return Step(RuleState("firing", since), _alert(rule, "firing", values, moment))
    after = RuleState("pending", since)
    return Step(after, None if held else _alert(rule, "pending", values, moment))


def _while_not_true(rule: Rule, before: RuleState, values: Values, moment: Moment) -> Step:
    ended = before.state == "pending"
    return Step(RuleState(), _alert(rule, "inactive", values, moment) if ended else None)


def _hold_ends(rule: Rule, since: int) -> int:
    return since + round(rule.hold * 1e6)


def _alert(rule: Rule, state: AlertState, values: Values, moment: Moment) -> Alert:
    seen = {name: values[name] for name in sorted(rule.inputs) if name in values}
    return Alert(rule.name, state, moment, rule.severity, seen)
