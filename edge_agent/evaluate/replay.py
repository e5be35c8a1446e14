"""Replay: rules over stored or invented readings. No I/O, no clock: it runs as fast as it can."""

from collections.abc import Iterable, Mapping

from edge_agent.clock import NEVER, Moment
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.evaluator import Evaluator
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.rules.rule import Rule, spans
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.events import Alert, Reading, SavedState, Switched

TICK = 1_000_000  # µs: the engine's, for what only time changes


class ImaginaryOutput:
    """An output without hardware."""

    def __init__(self) -> None:
        self._value = 0.0

    def apply(self, value: float) -> None:
        """Set the value."""
        self._value = value

    def state(self) -> float:
        """Return the value."""
        return self._value

    def close(self) -> None:
        """Do nothing."""


class Replay:
    """Takes right readings in the order of time; `alerts` and `switched` collect what follows.

    Time is that of the readings' moments, from `begin` on.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        plans: Mapping[str, DevicePlan],
        guards: Mapping[str, Guard],
        begin: Moment,
    ) -> None:
        rules = tuple(rules)
        current = CurrentValues(plans, spans(rules), began=begin.uptime)
        outputs = OutputSet(
            [GuardedOutput(name, ImaginaryOutput(), guard) for name, guard in guards.items()]
        )
        self.alerts: list[Alert] = []
        self.switched: list[Switched] = []
        self._evaluator = Evaluator(
            current, RuleSet(rules, {}, current, _discard), outputs, self._report
        )
        self._devices = current.devices
        self._tick_at = begin.uptime if any(rule.timed for rule in rules) else NEVER
        self._evaluator.begin(begin)

    def feed(self, reading: Reading) -> None:
        """Take a reading; one of a device that is not configured any more is ignored."""
        device = self._devices.get(reading.device)
        if device is None:
            return
        evaluator, moment = self._evaluator, reading.moment
        if moment.uptime >= min(evaluator.due_at, self._tick_at):
            self.advance(moment)
        evaluator.current.store(device, reading)
        changes, switched = evaluator.evaluate_device(device, moment)
        if changes.alerts or switched:
            self._report(changes, switched, moment)

    def advance(self, now: Moment) -> None:
        """Let time pass."""
        while self._tick_at <= now.uptime:
            ago = now.uptime - self._tick_at
            at = Moment(now.time - ago, self._tick_at, now.trusted)
            self._evaluator.advance(at)
            self._evaluator.tick(at)
            self._tick_at += TICK
        self._evaluator.advance(now)

    def _report(self, changes: RuleChanges, switched: list[Switched], _now: Moment) -> None:
        self.alerts += changes.alerts
        self.switched += switched


def _discard(name: str, _state: object, _moment: Moment) -> SavedState:
    """Save nothing: a replay has no restart."""
    return SavedState(name, b"")
