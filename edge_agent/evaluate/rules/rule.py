"""Rules: a condition, how long it must hold, and what follows. No I/O, no clock.

inactive → pending (only with a hold time) → firing → resolved, which is inactive again. An unknown
condition is never true. It neither completes nor restarts a hold, and neither restarts nor extends
the time that a rule keeps firing. While a firing rule's condition is unknown its alert stays, but
control is lost: its outputs go to their safe state. Which changes become alerts is decided in
`alerts`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Expression, Span
from edge_agent.evaluate.rules.alert_text import AlertText
from edge_agent.events import AlertState, Severity

STORM = 10  # more firings than this within `STORM_SECONDS` are reported as flapping


class Rule(msgspec.Struct, frozen=True):
    """A rule as configured; times in seconds, `settings` are the outputs' values while it fires.

    `keep` is how long it keeps firing after its condition clears, `repeat` the interval at which
    its alert is repeated (0: never), `storm` how often it may fire in ten minutes before it is
    reported as flapping.
    """

    name: str
    when: Expression
    clear: Expression | None = None
    hold: float = 0.0
    severity: Severity = "warning"
    settings: Mapping[str, float] = {}
    keep: float = 0.0
    repeat: float = 0.0
    storm: int = STORM
    message: AlertText | None = None
    thresholds: Mapping[str, float] = {}

    @property
    def inputs(self) -> frozenset[str]:
        """The names of the values that the rule depends on."""
        return self.when.inputs | (self.clear.inputs if self.clear else frozenset())

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its expressions."""
        return (self.when, self.clear) if self.clear else (self.when,)

    @property
    def timed(self) -> bool:
        """Whether time alone may change its condition; a window is evaluated at readings."""
        return any(one.timed for one in self.expressions)


def spans(rules: Iterable[Rule]) -> set[Span]:
    """Return the windows that rules use."""
    return {span for rule in rules for each in rule.expressions for span in each.spans}


class RuleState(msgspec.Struct, frozen=True, omit_defaults=True, rename={"reported_at": "told_at"}):
    """A rule's state, as it is saved; times are uptimes in µs.

    `since` is when its hold began, `over_since` when its condition cleared while `keep` runs,
    `unknown_since` when the condition of a pending or firing rule became unknown;
    `firings` are the latest, `reported_at` is when its last alert was reported and `repeats` how
    often that was repeated. The saved name of `reported_at` is that of older versions.
    """

    state: AlertState = "inactive"
    since: int = 0
    unknown_since: int | None = None
    over_since: int | None = None
    firings: tuple[int, ...] = ()
    flapping: bool = False
    reported_at: int = 0
    repeats: int = 0
    acknowledged: bool = False
    silenced_until: int = 0
    enabled: bool = True
    thresholds: Mapping[str, float] = {}

    @property
    def known(self) -> bool:
        """Whether its condition is known, as far as that matters in its state."""
        return self.unknown_since is None

    @property
    def acts(self) -> bool:
        """Whether the rule sets its outputs."""
        return self.state == "firing" and self.known

    @property
    def open(self) -> bool:
        """Whether its last alert has yet to be resolved."""
        return self.state == "firing" or self.flapping

    def within(self, bounds: Mapping[str, tuple[float, float]]) -> "RuleState":
        """Return the state with only those thresholds that are within their bounds, by name."""
        kept = {
            name: value
            for name, value in self.thresholds.items()
            if name in bounds and bounds[name][0] <= value <= bounds[name][1]
        }
        return _with(self, thresholds=kept)

    def shifted(self, by: int) -> "RuleState":
        """Return the state on another boot's uptime."""
        if self == RuleState():
            return self
        return msgspec.structs.replace(
            self,
            since=self.since + by,
            unknown_since=_shifted(self.unknown_since, by),
            over_since=_shifted(self.over_since, by),
            firings=tuple(at + by for at in self.firings),
            reported_at=self.reported_at + by,
            silenced_until=self.silenced_until + by if self.silenced_until else 0,
        )


class Change(NamedTuple):
    """The state after an evaluation, and the alert that follows; None if there is none."""

    after: RuleState
    alert: AlertState | None = None


def evaluate(rule: Rule, before: RuleState, context: Context) -> Change:
    """Evaluate a rule at one moment."""
    holds = rule.when(context)
    now = context.moment.uptime
    if before.state == "firing":
        return _while_firing(rule, before, _over(rule, holds, context), now)
    return _while_not_firing(rule, before, holds, now)


def evaluate_unknown(rule: Rule, before: RuleState, now: int) -> Change:
    """Treat the condition of a rule that cannot be evaluated as unknown."""
    advance = _while_firing if before.state == "firing" else _while_not_firing
    return advance(rule, before, None, now)


def due(rule: Rule, state: RuleState) -> int | None:
    """Return the uptime in µs at which a hold, or the time that a rule keeps firing, ends."""
    if not state.enabled:
        return None
    if state.state == "pending" and state.known:
        return _hold_ends(rule, state.since)
    if state.state == "firing" and state.over_since is not None:
        return state.over_since + round(rule.keep * 1e6)
    return None


def restored(last: AlertState, moment: Moment) -> RuleState:
    """Return the state after a restart, if only the last logged alert is left of it.

    A hold starts again: it is not known whether the condition held meanwhile.
    """
    if last in {"pending", "firing"}:
        return RuleState(last, moment.uptime, unknown_since=moment.uptime)
    return RuleState()


def _over(rule: Rule, holds: bool | None, context: Context) -> bool | None:
    """Return whether a firing rule's condition has cleared; while `when` holds, it has not."""
    if holds:
        return False
    if rule.clear:
        return rule.clear(context)
    return None if holds is None else True


def _while_firing(rule: Rule, before: RuleState, over: bool | None, now: int) -> Change:
    since = _over_since(before, over, now)
    if since is not None and now >= since + round(rule.keep * 1e6):
        ended = _with(before, state="inactive", unknown_since=None, over_since=None)
        return Change(ended, "resolved")
    return Change(_noted(before, over, now, over_since=since))


def _over_since(before: RuleState, over: bool | None, now: int) -> int | None:
    """Return when the condition cleared: once seen, that stays; unseen, it was at the earliest."""
    if over is False:
        return None
    if before.over_since is not None or over is None:
        return before.over_since
    return now if before.unknown_since is None else before.unknown_since


def _while_not_firing(rule: Rule, before: RuleState, holds: bool | None, now: int) -> Change:
    pending = before.state == "pending"
    if holds is None:
        return Change(_noted(before, holds, now) if pending else before)
    if not holds:
        after = _with(before, state="inactive", unknown_since=None)
        return Change(after, "inactive" if pending else None)
    since = before.since if pending else now
    if now >= _hold_ends(rule, since):
        return Change(_with(before, state="firing", since=since, unknown_since=None), "firing")
    after = _with(before, state="pending", since=since, unknown_since=None)
    return Change(after, None if pending else "pending")


def _noted(before: RuleState, truth: bool | None, now: int, **changes: object) -> RuleState:
    """Return the state with the time since which its condition is unknown, if it is."""
    first = now if before.unknown_since is None else before.unknown_since
    return _with(before, unknown_since=first if truth is None else None, **changes)


def _hold_ends(rule: Rule, since: int) -> int:
    return since + round(rule.hold * 1e6)


def _shifted(uptime: int | None, by: int) -> int | None:
    return None if uptime is None else uptime + by


def _with(rule_state: RuleState, /, **changes: object) -> RuleState:
    """Return the state with changes; the same object if there are none."""
    if all(getattr(rule_state, name) == value for name, value in changes.items()):
        return rule_state
    return msgspec.structs.replace(rule_state, **changes)
