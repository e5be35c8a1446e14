"""The state of a rule: what is saved, and what is left of it after a restart or a reload."""

from collections.abc import Mapping

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import AlertState


class RuleState(msgspec.Struct, frozen=True, omit_defaults=True, rename={"reported_at": "told_at"}):
    """A rule's state, as it is saved; times are uptimes in µs.

    `since` is when its hold began, `over_since` when its condition cleared while `keep` runs,
    `unknown_since` when the condition of a pending or firing rule became unknown;
    `firings` are the latest, `reported_at` is when its last alert was reported and `repeats` how
    often that was repeated. `condition` is the rule's, by which a changed rule is known. What was
    commanded is `silenced_until`, `enabled` and `thresholds`. `reported_at` is saved under the name
    that older versions gave it.
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
    condition: str = ""

    @property
    def known(self) -> bool:
        """Whether its condition is known, as far as that matters in its state."""
        return self.unknown_since is None

    @property
    def acts(self) -> bool:
        """Whether the rule sets its outputs."""
        return self.state == "firing" and self.known

    @property
    def lost(self) -> bool:
        """Whether control is lost: it fires, and its condition is unknown."""
        return self.state == "firing" and not self.known

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
        return msgspec.structs.replace(self, thresholds=kept)

    def continues(self, rule: Rule) -> bool:
        """Return whether it is the state of this rule, with the same condition."""
        return self.condition in {"", rule.condition}  # the state of an older version has none

    def continued(self, rule: Rule) -> "RuleState":
        """Return the state of a rule that may have changed: if so, only what was commanded."""
        if self.continues(rule):
            return msgspec.structs.replace(self, condition=rule.condition)
        return RuleState(
            silenced_until=self.silenced_until,
            enabled=self.enabled,
            thresholds=self.thresholds,
            condition=rule.condition,
        )

    def shifted(self, by: int) -> "RuleState":
        """Return the state on another boot's uptime."""
        return msgspec.structs.replace(
            self,
            since=self.since + by,
            unknown_since=_shifted(self.unknown_since, by),
            over_since=_shifted(self.over_since, by),
            firings=tuple(at + by for at in self.firings),
            reported_at=self.reported_at + by,
            silenced_until=self.silenced_until + by if self.silenced_until else 0,
        )


def restored(last: AlertState, moment: Moment) -> RuleState:
    """Return the state after a restart, if only the last logged alert is left of it.

    A hold starts again: it is not known whether the condition held meanwhile.
    """
    if last in {"pending", "firing"}:
        return RuleState(last, moment.uptime, unknown_since=moment.uptime)
    return RuleState()


def _shifted(uptime: int | None, by: int) -> int | None:
    return None if uptime is None else uptime + by
