"""A rule's state, and the alerts that it raises."""

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.evaluate.reference.conditions import truth

STORM_SECONDS = 600


@dataclass(frozen=True)
class Rule:
    """A rule as it is configured; times are in seconds."""

    name: str
    when: tuple
    clear: tuple | None = None
    hold: int = 0
    keep: int = 0
    severity: str = "warning"
    repeat: int = 0
    storm: int = 10
    settings: dict = field(default_factory=dict)
    thresholds: dict = field(default_factory=dict)  # {name: (value, low, high)}

    @property
    def condition(self):
        """Return what must stay as it is for a reload to keep the rule's state."""
        return self.when, self.clear, self.hold


class Told(NamedTuple):
    """An alert that was reported."""

    second: int
    rule: str
    state: str
    repeat: int = 0
    acknowledged: bool = False
    silenced: bool = False


class RuleState:
    """What a rule does, second by second."""

    def __init__(self, rule):
        self.rule = rule
        self.state = "inactive"  # or pending, firing
        self.pending_since = 0
        self.unknown_since = None  # while the condition of a firing rule is unknown
        self.over_since = None  # while `keep_firing_for` runs
        self.firings = []
        self.flapping = False
        self.reported = None  # when it was last reported as firing
        self.repeats = 0
        self.acknowledged = False
        self.enabled = True
        self.silenced_until = 0
        self.commanded = {}  # thresholds

    @property
    def fires(self):
        return self.state == "firing"

    @property
    def lost(self):
        """Return whether it fires and its condition is unknown."""
        return self.fires and self.unknown_since is not None

    def limits(self):
        """Return the thresholds that count now."""
        return {name: one[0] for name, one in self.rule.thresholds.items()} | self.commanded

    def look(self, world):
        """Take what the condition is now; return the alerts."""
        if not self.enabled:
            return []
        when = truth(self.rule.when, world, self.limits())
        clear = self.rule.clear and truth(self.rule.clear, world, self.limits())
        state = getattr(self, f"_{self.state}")(world.now, when, clear)
        return [*self._report(world.now, state), *self._calm(world.now)]

    def _inactive(self, now, when, _clear):
        if not when:
            return "inactive"
        self.pending_since = now
        return self._pending(now, when, _clear)

    def _pending(self, now, when, _clear):
        if when is False:
            return "inactive"
        if when and now >= self.pending_since + self.rule.hold:
            self.firings.append(now)
            return "firing"
        return "pending"

    def _firing(self, now, when, clear):
        holds = self._holds(when, clear)
        if holds:
            self.over_since = self.unknown_since = None
        elif holds is None:
            self.unknown_since = now if self.unknown_since is None else self.unknown_since
        else:
            since = now if self.unknown_since is None else self.unknown_since
            self.over_since = since if self.over_since is None else self.over_since
            self.unknown_since = None
        over = self.over_since is not None and now >= self.over_since + self.rule.keep
        return "inactive" if over else "firing"

    def _holds(self, when, clear):
        """Return whether the condition of a firing rule holds on."""
        if when or self.rule.clear is None:
            return when
        return None if clear is None else not clear

    def _calm(self, now):
        if not self.flapping or self._recent(now) > self.rule.storm // 2:
            return []
        self.flapping, self.acknowledged, self.repeats = False, False, 0
        self.reported = now
        return [self.told(now, "firing" if self.fires else "resolved")]

    def _recent(self, now):
        """Return how often it fired in the last ten minutes."""
        return sum(second > now - STORM_SECONDS for second in self.firings)

    def _report(self, now, state):
        """Change to a state; return the alert of that, or the repetition of an old one."""
        before, self.state = self.state, state
        if state == before:
            return self._repeat(now)
        if state == "inactive":
            self.over_since = self.unknown_since = None
        self.repeats, self.acknowledged = 0, False
        if self.flapping:
            return []
        self.reported = now
        if state == "firing" and self._recent(now) > self.rule.storm:
            self.flapping = True
            return [self.told(now, "flapping")]
        ended = "resolved" if before == "firing" else "inactive"
        return [self.told(now, ended if state == "inactive" else state)]

    def _repeat(self, now):
        due = self.fires and self.rule.repeat and now >= self.reported + self.rule.repeat
        if not due or self.acknowledged or self.flapping or now < self.silenced_until:
            return []
        self.repeats, self.reported = self.repeats + 1, now
        return [self.told(now, "firing")]

    def told(self, now, state):
        silenced = now < self.silenced_until
        return Told(now, self.rule.name, state, self.repeats, self.acknowledged, silenced)

    def disable(self, now):
        """End what it does; return the alerts."""
        told = self.end(now)
        self.enabled = False
        return told

    def end(self, now):
        """Return to the beginning; return the alert that says so."""
        tells = self.fires or self.flapping or self.state == "pending"
        ended = "resolved" if self.fires or self.flapping else "inactive"
        self.state, self.over_since, self.unknown_since = "inactive", None, None
        self.flapping, self.acknowledged, self.repeats = False, False, 0
        return [self.told(now, ended)] if tells else []

    def changed(self, rule, now):
        """Take a rule's new configuration; return the alerts."""
        alerts = []
        if rule.condition != self.rule.condition:
            alerts, self.firings = self.end(now), []
        self.rule = rule
        limits = rule.thresholds
        kept = {n: v for n, v in self.commanded.items() if n in limits}
        self.commanded = {n: v for n, v in kept.items() if limits[n][1] <= v <= limits[n][2]}
        return alerts
