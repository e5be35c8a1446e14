"""The engine: the one thread between the buses and the log. No disk, no network.

For each reading: calibrate and check, evaluate the rules that look at its device, switch outputs,
show it live, hand it to the recorder. A relay has switched before anything is written.

What follows depends on when the readings were measured, not on when they were taken from the queue:
what was due before, a hold's end or a value's expiry, happens first, at its own moment.
"""

from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from edge_agent.clock import Clock, Moment
from edge_agent.evaluate.commands.execute import CommandExecutor, CommandOutcome
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.evaluator import Evaluator
from edge_agent.evaluate.outputs.output_set import OutputSet, OutputState
from edge_agent.evaluate.rules.rule_set import RuleChanges, RuleSet
from edge_agent.evaluate.saved_state import save_state
from edge_agent.events import (
    Alert,
    Answer,
    Event,
    Finished,
    Reading,
    Record,
    Request,
    SavedState,
    Switched,
)

TICK = 1_000_000  # µs: a sign of life, and another try for an output that failed

EngineItem: TypeAlias = "Reading | Request | Finished | NewParts | None"
Shown: TypeAlias = Reading | Alert | Switched
NOTHING = RuleChanges([], [], moved=False)


class EvaluationParts(NamedTuple):
    """What an engine evaluates with.

    `removed` is what to report, and to save, of rules that the configuration no longer has.
    """

    current: CurrentValues
    rule_set: RuleSet
    outputs: OutputSet
    executor: CommandExecutor
    removed: RuleChanges = NOTHING


class NewParts(NamedTuple):
    """Another configuration: `judges` makes its judges, `kept` rules are the same.

    `done` hears an error, or nothing: then the new one is in force.
    """

    parts: Callable[[EvaluationParts], EvaluationParts]
    kept: frozenset[str]
    done: Callable[[str], None]


class Engine:
    """Takes readings and commands from `inbox` until None comes; then the outputs are safe.

    `record` gets what must commit together, `show` what is true now. The world, the rulebook and
    the outputs hold what was before a restart already.
    """

    def __init__(
        self,
        inbox: "SimpleQueue[EngineItem]",
        parts: EvaluationParts,
        *,
        record: Callable[[list[Record]], None],
        show: Callable[[Shown], None],
        answer: Callable[[Answer], None],
        clock: Clock,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox = inbox
        self._evaluator = Evaluator(parts.current, parts.rule_set, parts.outputs, self._tell)
        self._executor = parts.executor
        self._removed = parts.removed
        self._record = record
        self._show = show
        self._answer = answer
        self._clock = clock
        self._progress = progress
        self._remembered: dict[str, OutputState] = parts.outputs.states()
        self._tick_at = 0
        self._stopping = False

    def run(self) -> None:
        """Evaluate until told to stop; whatever happens, the outputs are safe in the end."""
        try:
            self.begin(self._clock.now())
            while not self._stopping:
                self.take(self.wait())
        finally:
            self._keep(self._evaluator.current.aggregates(None))
            now = self._clock.now()
            self._tell(NOTHING, self._evaluator.outputs.secure(now), now)

    def begin(self, now: Moment) -> None:
        """Go on where the rules stood: what is still known sets outputs, the rest is safe."""
        self._tell(self._removed, [], now)
        self._evaluator.begin(now)
        self.tick(now)

    def wait(self) -> float:
        """Return the seconds until time alone brings something about."""
        next_at = min(self._evaluator.due_at, self._tick_at)
        return max(next_at - self._clock.now().uptime, 0) / 1e6

    def take(self, wait: float) -> None:
        """Evaluate what comes within `wait` seconds, all that is there, then let time pass."""
        for item in self._arrived(wait):
            if isinstance(item, Reading):
                self.evaluate(item)
            elif item is None:
                self._stopping = True
            elif isinstance(item, NewParts):
                self.renew(item)
            else:
                self.obey(item)
        now = self._clock.now()
        self._evaluator.advance(now)
        if now.uptime >= self._tick_at:
            self.tick(now)

    def evaluate(self, measured: Reading) -> None:
        """Let one reading pass through everything."""
        evaluator = self._evaluator
        evaluator.advance(measured.moment)
        device, reading = evaluator.current.learn(measured)
        turn, switched = evaluator.learned(device, reading)
        self._show(reading)
        self._keep(evaluator.current.aggregate(device, reading))
        if turn.alerts or switched or device.plan.dead_band.passes(reading, device.logged):
            device.logged = reading
            self._tell(turn, switched, reading.moment, reading)
        elif turn.memories:
            self._tell(turn, switched, reading.moment)
        for outcome in self._executor.measured(reading):
            self._conduct(outcome, reading.moment)

    def obey(self, item: Request | Finished) -> None:
        """Take a command, or the end of one."""
        now = self._clock.now()
        if isinstance(item, Request):
            self._conduct(self._executor.take(item, now), now)
        elif (outcome := self._executor.finish(item, now)) is not None:
            self._conduct(outcome, now)

    def renew(self, renewed: NewParts) -> None:
        """Judge by another configuration from now on; what is left of a rule is resolved."""
        now = self._clock.now()
        old = self._evaluator
        before = EvaluationParts(old.current, old.rule_set, old.outputs, self._executor)
        for name in before.rule_set.rules.keys() - renewed.kept:
            rule = before.rule_set.rules[name]
            if before.rule_set.states[name].state == "firing":
                turn = before.rule_set.change(rule, now, "resolved", state="inactive")
                self._tell(turn, [], now)
        try:
            after = renewed.parts(before)
        except Exception as error:  # noqa: BLE001 - hardware that is not there: the old one goes on
            renewed.done(str(error) or repr(error))
            return
        self._executor = after.executor
        self._evaluator = Evaluator(after.current, after.rule_set, after.outputs, self._tell)
        self._evaluator.begin(now)
        self._evaluator.turn(self._evaluator.rule_set.rules.values(), now, switch=True)
        renewed.done("")

    def _conduct(self, outcome: CommandOutcome, now: Moment) -> None:
        """Let a command have its effect, then answer it and hand over what is to be kept."""
        if outcome.effective:
            evaluator = self._evaluator
            self._tell(outcome.turn or NOTHING, evaluator.switch(now), now)
            evaluator.turn(evaluator.rule_set.rules.values(), now, switch=True)
        for answer in outcome.answers:
            self._answer(answer)
        self._record([*outcome.events, *outcome.memories, *self._outputs_memory(now)])

    def tick(self, now: Moment) -> None:
        """Give a sign of life, switch what could not be switched before, and look at the time."""
        self._progress()
        self._tick_at = now.uptime + TICK
        self._evaluator.tick(now)
        self._keep(self._evaluator.current.aggregates(now))
        for outcome in self._executor.expire(now):
            self._conduct(outcome, now)

    def _arrived(self, wait: float) -> list[EngineItem]:
        try:
            first = self._inbox.get(timeout=wait)
        except Empty:
            return []
        return [first, *(self._inbox.get() for _ in range(self._inbox.qsize()))]

    def _tell(
        self,
        turn: RuleChanges,
        switched: Sequence[Switched],
        now: Moment,
        reading: Reading | None = None,
    ) -> None:
        """Hand over what must commit together: an alert, and the reading that caused it."""
        news: list[Alert | Switched] = [*turn.alerts, *switched]
        for one in news:
            self._show(one)
        first = [] if reading is None else [reading.event()]
        memories = [*turn.memories, *(self._outputs_memory(now) if switched else [])]
        records: list[Record] = [*first, *(one.event() for one in news), *memories]
        if records:
            self._record(records)

    def _keep(self, events: Sequence[Event]) -> None:
        if events:
            self._record(list(events))

    def _outputs_memory(self, now: Moment) -> list[SavedState]:
        """Return the outputs' states that have changed."""
        states, before = self._evaluator.outputs.states(), self._remembered
        self._remembered = states
        changed = (name for name, state in states.items() if state != before.get(name))
        kept = partial(save_state, moment=now, boot=self._clock.boot)
        return [kept(f"output/{name}", states[name]) for name in changed]
