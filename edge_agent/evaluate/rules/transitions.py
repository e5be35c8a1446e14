"""How a rule's state changes. No I/O, no clock.

inactive → pending (only with a hold time) → firing → resolved, which is inactive again. An unknown
condition is never true. It neither completes nor restarts a hold, and neither restarts nor extends
the time that a rule keeps firing. While a firing rule's condition is unknown its alert stays, but
control is lost: its outputs go to their safe state. Which changes become alerts is decided in
`alerts`.
"""

import msgspec

from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.events import AlertState


class Change(msgspec.Struct, frozen=True):
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
    return Change(_noted(before, over, now, since))


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
    if not holds and not pending:
        return Change(before)
    if not holds:
        return Change(_with(before, state="inactive", unknown_since=None), "inactive")
    since = before.since if pending else now
    if now >= _hold_ends(rule, since):
        return Change(_with(before, state="firing", since=since, unknown_since=None), "firing")
    after = _with(before, state="pending", since=since, unknown_since=None)
    return Change(after, None if pending else "pending")


def _noted(
    before: RuleState, truth: bool | None, now: int, over_since: int | None = None
) -> RuleState:
    """Return the state with the time since which its condition is unknown, if it is."""
    first = now if before.unknown_since is None else before.unknown_since
    unknown_since = first if truth is None else None
    if (unknown_since, over_since) == (before.unknown_since, before.over_since):
        return before  # as at most readings
    return msgspec.structs.replace(before, unknown_since=unknown_since, over_since=over_since)


def _hold_ends(rule: Rule, since: int) -> int:
    return since + round(rule.hold * 1e6)


def _with(rule_state: RuleState, /, **changes: object) -> RuleState:
    """Return the state with changes; the same object if there are none."""
    if all(getattr(rule_state, name) == value for name, value in changes.items()):
        return rule_state
    return msgspec.structs.replace(rule_state, **changes)
