"""Telling: which changes of a rule become alerts. Pure.

A change is told once, and a rule that goes on firing again after each `repeat`, unless somebody has
acknowledged or silenced it. A rule that fires too often is told to be flapping, and then nothing
more of it until it has calmed down; its outputs follow it all the time.
"""

from typing import NamedTuple

import msgspec

from edge_agent.evaluate.rules import Change, Rule, RuleState, due, evaluate, lost
from edge_agent.evaluate.sight import Sight
from edge_agent.events import Alert, AlertState

STORM_SECONDS = 600


class Step(NamedTuple):
    """What one evaluation changed: at most one alert."""

    after: RuleState
    alert: Alert | None = None


def step(rule: Rule, before: RuleState, sight: Sight) -> Step:
    """Evaluate a rule, and tell what is to be told."""
    if not before.enabled:
        return Step(before)
    return _tell(rule, before, evaluate(rule, before, sight), sight)


def step_lost(rule: Rule, before: RuleState, sight: Sight) -> Step:
    """Go on with a rule that cannot be evaluated."""
    return _tell(rule, before, lost(before), sight)


def next_due(rule: Rule, state: RuleState) -> int | None:
    """Return the uptime in µs at which time alone brings something about; None if never."""
    ends = due(rule, state)
    times = [] if ends is None else [ends]
    if state.flapping:
        times.append(state.firings[-_calm(rule) - 1] + STORM_SECONDS * 1_000_000)
    elif _repeats(rule, state):
        times.append(_next_repeat(rule, state))
    return min(times, default=None)


def alert(rule: Rule, state: RuleState, news: AlertState, sight: Sight) -> Alert:
    """Return an alert with its evidence: the values that the rule looked at."""
    return Alert(
        rule.name,
        news,
        sight.moment,
        rule.severity,
        {name: sight.values[name] for name in sorted(rule.inputs) if name in sight.values},
        message=rule.message.fill(sight.values) if rule.message else "",
        repeat=state.repeats,
        acknowledged=state.acknowledged,
        silenced=sight.moment.uptime < state.silenced_until,
    )


def _tell(rule: Rule, before: RuleState, change: Change, sight: Sight) -> Step:
    now = sight.moment.uptime
    after, news = change
    if news == "firing":
        after = _fired(rule, after, now)
    if before.flapping:
        return _while_flapping(rule, after, sight)
    if after.flapping:
        return _told(rule, after, "flapping", sight)
    if news in {"firing", "resolved"}:
        after = msgspec.structs.replace(after, repeats=0, acknowledged=False)
        return _told(rule, after, news, sight)
    if news is not None:
        return _told(rule, after, news, sight)
    if _repeats(rule, after) and _next_repeat(rule, after) <= now:
        return _told(
            rule, msgspec.structs.replace(after, repeats=after.repeats + 1), "firing", sight
        )
    return Step(after)


def _next_repeat(rule: Rule, state: RuleState) -> int:
    return max(state.told_at + round(rule.repeat * 1e6), state.silenced_until)


def _repeats(rule: Rule, state: RuleState) -> bool:
    return rule.repeat > 0 and state.state == "firing" and not state.acknowledged


def _fired(rule: Rule, state: RuleState, now: int) -> RuleState:
    recent = (*_recent(state.firings, now), now)[-(rule.storm + 1) :]
    return msgspec.structs.replace(
        state, firings=recent, flapping=state.flapping or len(recent) > rule.storm
    )


def _while_flapping(rule: Rule, state: RuleState, sight: Sight) -> Step:
    """Keep silent until it fires half as often as it may, and then tell how it stands."""
    if len(_recent(state.firings, sight.moment.uptime)) > _calm(rule):
        return Step(state)
    after = msgspec.structs.replace(state, flapping=False, acknowledged=False, repeats=0)
    return _told(rule, after, "firing" if state.state == "firing" else "resolved", sight)


def _told(rule: Rule, state: RuleState, news: AlertState, sight: Sight) -> Step:
    after = msgspec.structs.replace(state, told_at=sight.moment.uptime)
    return Step(after, alert(rule, after, news, sight))


def _calm(rule: Rule) -> int:
    return rule.storm // 2


def _recent(firings: tuple[int, ...], now: int) -> tuple[int, ...]:
    return tuple(at for at in firings if now - at < STORM_SECONDS * 1_000_000)
