"""What follows from values and from time. No I/O, no clock: the engine uses it, and a replay.

What was due before a reading, such as a hold's end or a value's expiry, happens first, at its own
moment.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from edge_agent.clock import Moment
from edge_agent.evaluate.current_values import CurrentValues, DeviceValues
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.switching import SettingResult
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import NOTHING, RuleChanges, RuleSet
from edge_agent.events import Event, Reading, Switched

ReportChanges: TypeAlias = Callable[[RuleChanges, list[Switched], Moment], None]


class EvaluatedReading(NamedTuple):
    """A refined reading and what followed from it; `log` says whether the log gets the reading."""

    reading: Reading
    changes: RuleChanges
    switched: list[Switched]
    aggregates: list[Event]
    log: bool


class Evaluator:
    """Lets rules and outputs follow the current values.

    `report` is called with what follows from time alone.
    """

    def __init__(
        self, current: CurrentValues, rule_set: RuleSet, outputs: OutputSet, report: ReportChanges
    ) -> None:
        self.current = current
        self.rule_set = rule_set
        self.outputs = outputs
        self._report = report
        self.due_at = 0  # uptime in µs at which something follows from time alone

    def begin(self, now: Moment) -> None:
        """Continue from the restored states: what is still known sets outputs, the rest is safe."""
        self.due_at = now.uptime
        self.current.expired(now.uptime)
        unknown = (name for name, device in self.current.devices.items() if not device.names)
        rules = {rule.name: rule for name in unknown for rule in self.rule_set.watching(name)}
        self._evaluate(rules.values(), now, switch=True)

    def knows(self, device: str) -> bool:
        """Return whether the configuration has a device of this name."""
        return device in self.current.devices

    def take(self, measured: Reading) -> EvaluatedReading:
        """Refine a reading, evaluate the rules that use its device, and switch outputs."""
        self.advance(measured.moment)
        device, reading = self.current.take(measured)
        changes, switched = self.evaluate_device(device, reading.moment)
        aggregates = self.current.aggregate(device, reading)
        changed = bool(changes.alerts or switched)
        log = changed or device.plan.dead_band.passes(reading, device.logged)
        if log:
            device.logged = reading
        return EvaluatedReading(reading, changes, switched, aggregates, log)

    def evaluate_device(
        self, device: DeviceValues, now: Moment
    ) -> tuple[RuleChanges, list[Switched]]:
        """Evaluate the rules that use a device, the values of which are new."""
        rules = self.rule_set.watching(device.name)
        changes = self.rule_set.evaluate(rules, now) if rules else NOTHING
        switched = self.switch(now) if changes.acting_changed else []
        self.due_at = min(self.due_at, device.expires, self.rule_set.due_at)
        return changes, switched

    def evaluate_all(self, now: Moment) -> None:
        """Evaluate every rule, and switch."""
        self._evaluate(self.rule_set.rules.values(), now, switch=True)

    def advance(self, now: Moment) -> None:
        """Do all that is due by now, each at its own moment."""
        while self.due_at <= now.uptime:
            ago = now.uptime - self.due_at
            self.expire(Moment(now.time - ago, self.due_at, now.trusted))

    def expire(self, now: Moment, *, switch: bool = False) -> None:
        """Forget stale values, and do what is due at this moment; switch if asked to."""
        stale = self.current.expired(now.uptime)
        due = (*self.rule_set.due_by(now.uptime), *self.rule_set.timed)
        rules = {rule.name: rule for rule in due}
        for device in stale:
            rules |= {rule.name: rule for rule in self.rule_set.watching(device.name)}
        self._evaluate(rules.values(), now, switch=switch or self.outputs.due_at <= now.uptime)
        due_at = min(self.current.expires_at(), self.rule_set.due_at, self.outputs.due_at)
        self.due_at = max(due_at, now.uptime + 1)

    def tick(self, now: Moment) -> None:
        """Evaluate, once a second, the rules that time alone changes, and let outputs follow."""
        self.expire(now, switch=True)

    def switch(self, now: Moment) -> list[Switched]:
        """Let the outputs follow; one that could not be switched is unknown to the rules."""
        unknown = self.rule_set.unknown()
        switched = self.outputs.follow(self.rule_set.acting(), now, unknown=unknown)
        self.due_at = min(self.due_at, self.outputs.due_at)
        self.current.set_outputs(self.outputs.names, self.outputs.values())
        return switched

    def settle(self, result: SettingResult, now: Moment) -> list[Switched]:
        """Take what became of a setting; what has waited for it follows."""
        switched = self.outputs.settle(result)
        self.current.set_outputs(self.outputs.names, self.outputs.values())
        return switched if result.error else switched + self.switch(now)

    def aggregates(self, now: Moment | None) -> list[Event]:
        """Return the aggregates of windows that have ended; None ends those under way."""
        return self.current.aggregates(now)

    def _evaluate(self, rules: Iterable[Rule], now: Moment, *, switch: bool) -> None:
        """Evaluate rules; switch if outputs are affected, or if asked to."""
        changes = self.rule_set.evaluate(rules, now)
        switched = self.switch(now) if switch or changes.acting_changed else []
        self._report(changes, switched, now)
        self.due_at = min(self.due_at, self.rule_set.due_at)
