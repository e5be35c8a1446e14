"""Judgement: what follows from values and from time. Pure: the engine lives in it, a replay too.

What was due before a reading, a hold's end or a value's expiry, happens first, at its own moment.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from edge_agent.clock import Moment
from edge_agent.evaluate.current_values import CurrentValues, DeviceValues
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.events import Reading, Switched

Tell: TypeAlias = Callable[[RuleChanges, list[Switched], Moment], None]


class Evaluator:
    """Lets rules and outputs follow the world; `tell` hears what time alone brings about."""

    def __init__(
        self, current: CurrentValues, rule_set: RuleSet, outputs: OutputSet, tell: Tell
    ) -> None:
        self.current = current
        self.rule_set = rule_set
        self.outputs = outputs
        self._tell = tell
        self.due_at = 0  # uptime in µs at which time alone brings something about

    def begin(self, now: Moment) -> None:
        """Go on where the rules stood: what is still known sets outputs, the rest is safe."""
        self.current.expired(now.uptime)
        unknown = (name for name, device in self.current.devices.items() if not device.names)
        rules = {rule.name: rule for name in unknown for rule in self.rule_set.of(name)}
        self.turn(rules.values(), now, switch=True)

    def learned(self, device: DeviceValues, reading: Reading) -> tuple[RuleChanges, list[Switched]]:
        """Evaluate the rules that look at a device, whose reading the world has learned."""
        turn = self.rule_set.evaluate(self.rule_set.of(device.name), reading.moment)
        switched = self.switch(reading.moment) if turn.moved else []
        self.due_at = min(self.due_at, device.expires, self.rule_set.due_at)
        return turn, switched

    def advance(self, now: Moment) -> None:
        """Let happen what was due by now."""
        while self.due_at <= now.uptime:
            ago = now.uptime - self.due_at
            self.expire(Moment(now.time - ago, self.due_at, now.trusted))

    def expire(self, now: Moment) -> None:
        """Forget stale values, and do what was to be done at this moment."""
        stale = self.current.expired(now.uptime)
        rules = {rule.name: rule for rule in self.rule_set.due_by(now.uptime)}
        for device in stale:
            rules |= {rule.name: rule for rule in self.rule_set.of(device.name)}
        self.turn(rules.values(), now, switch=self.outputs.due_at <= now.uptime)
        due_at = min(self.current.expires_at(), self.rule_set.due_at, self.outputs.due_at)
        self.due_at = max(due_at, now.uptime + 1)

    def tick(self, now: Moment) -> None:
        """Look at what only time changes: once a second."""
        self.expire(now)
        self.turn(self.rule_set.timed, now, switch=True)

    def turn(self, rules: Iterable[Rule], now: Moment, *, switch: bool) -> None:
        """Evaluate rules, and switch if one moved or it is time to."""
        turn = self.rule_set.evaluate(rules, now)
        self._tell(turn, self.switch(now) if switch or turn.moved else [], now)
        self.due_at = min(self.due_at, self.rule_set.due_at)

    def switch(self, now: Moment) -> list[Switched]:
        """Let the outputs follow; what did not is not known to any rule."""
        switched = self.outputs.follow(self.rule_set.acting(), now, lost=self.rule_set.lost())
        self.due_at = min(self.due_at, self.outputs.due_at)
        for one in switched:
            self.current.values.pop(one.output, None)
        self.current.values.update(self.outputs.values())
        return switched
