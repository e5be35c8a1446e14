"""The engine: the one thread between the buses and the log. No disk, no network.

For each reading: calibrate and check, evaluate the rules that depend on its device, switch outputs,
show it live, hand it to the recorder. A relay has switched before anything is written.

The result depends on when the readings were measured, not on when they were taken from the queue:
what was due before, such as a hold's end or a value's expiry, happens first, at its own moment.
"""

from collections.abc import Callable, Iterable, Sequence
from queue import Empty

from edge_agent.clock import Clock, Moment
from edge_agent.evaluate.commands.execute import CommandOutcome
from edge_agent.evaluate.engine_items import (
    EngineItem,
    EvaluationParts,
    MakeSafe,
    NewParts,
    ShowAgain,
    Shown,
)
from edge_agent.evaluate.evaluator import Evaluator
from edge_agent.evaluate.outputs.output_bus import results
from edge_agent.evaluate.outputs.switching import SettingResult
from edge_agent.evaluate.rules.rule_set import NOTHING, RuleChanges, RuleSet
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.evaluate.saved_state import ChangedStates, save_state
from edge_agent.events import Alert, Answer, Event, Finished, Reading, Record, Request, Switched
from edge_agent.figures import Figure, UnknownRules, unreported
from edge_agent.inbox import Incoming

TICK = 1_000_000  # µs: between two signs of life, and two tries of an output that failed
SAFE_SECONDS = 3.0  # for the outputs of all buses together to become safe at a stop


class Engine:
    """Takes readings and commands from `inbox` until None comes; then the outputs are safe.

    `record` gets what must commit together, `show` what is true now; `unsafe` gets the name of each
    output that is not known to be safe at the end. The parts are those of a fresh start, or hold
    what was restored.
    """

    def __init__(
        self,
        inbox: Incoming[EngineItem],
        parts: EvaluationParts,
        *,
        record: Callable[[list[Record]], None],
        show: Callable[[Shown], None],
        answer: Callable[[Answer], None],
        clock: Clock,
        progress: Callable[[], None] = lambda: None,
        unsafe: Callable[[str], None] = lambda _: None,
        figures: Callable[[Figure], None] = unreported,
    ) -> None:
        self._inbox = inbox
        self._evaluator = Evaluator(parts.current, parts.rule_set, parts.outputs, self._report)
        self._executor = parts.executor
        self._ended = parts.ended
        self._record = record
        self._show = show
        self._answer = answer
        self._clock = clock
        self._progress = progress
        self._unsafe = unsafe
        self._figures = figures
        self._outputs_saved = ChangedStates("output/", parts.outputs.states(), clock.boot)
        self._tick_at = 0
        self._give_up_at = 0.0
        self._stopping = False

    def run(self) -> None:
        """Evaluate until None comes; the outputs are safe at the end, after a failure too."""
        try:
            self.begin(self._clock.now())
            while not self._stopping:
                self.take(self.wait())
        finally:
            self.make_safe()  # before anything that may fail
            self._end()

    def begin(self, now: Moment) -> None:
        """Continue from the restored states: what is still known sets outputs, the rest is safe."""
        self._report(self._ended, [], now)
        self._evaluator.begin(now)
        self.tick(now)

    def wait(self) -> float:
        """Return the seconds until something follows from time alone."""
        return max(min(self._evaluator.due_at, self._tick_at) - self._clock.now().uptime, 0) / 1e6

    def take(self, wait: float) -> None:
        """Wait up to `wait` seconds for items, take all that are there, then do what is due."""
        for item in self._arrived(wait):
            self._take_item(item)
        now = self._clock.now()
        self._evaluator.advance(now)
        self._carry_out_all(self._executor.settled(now), now)
        if now.uptime >= self._tick_at:
            self.tick(now)

    def make_safe(self) -> None:
        """Switch every output to its safe state, to stay there; pins at once, buses in parallel."""
        now = self._clock.now()
        self._give_up_at = self._give_up_at or self._clock.monotonic() + SAFE_SECONDS
        self._report(NOTHING, self._evaluator.outputs.secure(now), now)

    def evaluate(self, measured: Reading) -> None:
        """Take one reading: evaluate it, show it, record it."""
        reading, changes, switched, aggregates, log = self._evaluator.take(measured)
        self._show(reading)
        self._record_events(aggregates)
        if log:
            self._report(changes, switched, reading.moment, reading)
        elif changes.saved_states:
            self._report(changes, switched, reading.moment)
        self._carry_out_all(self._executor.measured(reading), reading.moment)

    def execute(self, item: Request | Finished) -> None:
        """Take a command, or the end of one."""
        now = self._clock.now()
        if isinstance(item, Request):
            self._carry_out(self._executor.take(item, now), now)
        elif (outcome := self._executor.finish(item, now)) is not None:
            self._carry_out(outcome, now)

    def renew(self, renewed: NewParts) -> None:
        """Evaluate by another configuration from now on; alerts of removed rules are resolved."""
        if not renewed.claim():
            return
        now = self._clock.now()
        old = self._evaluator
        before = EvaluationParts(old.current, old.rule_set, old.outputs, self._executor)
        try:
            after = renewed.parts(before)
        except Exception as error:  # noqa: BLE001 - a bug: the old parts stay
            renewed.done(str(error) or repr(error))
            return
        self._resolve(before.rule_set, after.rule_set, renewed.kept, now)
        self._executor = after.executor
        self._evaluator = Evaluator(after.current, after.rule_set, after.outputs, self._report)
        self._evaluator.evaluate_all(now)  # first: what a changed rule still wants stays on
        self._evaluator.begin(now)
        renewed.done("")

    def _take_item(self, item: EngineItem) -> None:
        if isinstance(item, Reading):
            if self._evaluator.knows(item.device):  # a slow bus may outlast a reload
                self.evaluate(item)
        elif isinstance(item, SettingResult):
            self._report(NOTHING, self._evaluator.settle(item, self._clock.now()), item.moment)
        elif item is None:
            self._stopping = True
        elif isinstance(item, MakeSafe):
            self.make_safe()
        elif isinstance(item, NewParts):
            self.renew(item)
        elif isinstance(item, ShowAgain):
            item.repeat()
        else:
            self.execute(item)

    def _end(self) -> None:
        """Record what is left, then wait for the outputs of buses; report those that are unsafe."""
        try:
            ends = self._executor.close(self._clock.now())
            self._record_events([*self._evaluator.aggregates(None), *ends])
        finally:
            self._await_outputs()

    def _await_outputs(self) -> None:
        outputs, left = self._evaluator.outputs, self._give_up_at - self._clock.monotonic()
        for result in results(self._inbox, lambda: outputs.waits, left):
            self._report(NOTHING, outputs.settle(result), result.moment)
        now = self._clock.now()
        self._report(NOTHING, outputs.give_up(now), now)
        for name in outputs.unsafe:
            self._unsafe(name)

    def _resolve(self, old: RuleSet, new: RuleSet, kept: frozenset[str], now: Moment) -> None:
        """End the alerts of rules that are not kept, and save the states that differ."""
        for name, rule in old.rules.items():
            if name not in kept:
                self._report(old.end(rule, now), [], now)
            state = new.states.get(name, RuleState())
            if state != old.states[name]:
                self._record([save_state(f"rule/{name}", state, now, self._clock.boot)])

    def _carry_out(self, outcome: CommandOutcome, now: Moment) -> None:
        """Let a command take effect, then answer it and record what is to be kept."""
        if outcome.effective:
            self._report(outcome.changes or NOTHING, self._evaluator.switch(now), now)
            self._evaluator.evaluate_all(now)
            self._carry_out_all(self._executor.settled(now), now)
        for answer in outcome.answers:
            self._answer(answer)
        changed = self._outputs_saved.save(self._evaluator.outputs.states(), now)
        self._record([*outcome.events, *outcome.saved_states, *changed])

    def tick(self, now: Moment) -> None:
        """Give a sign of life, and do what is done once a second."""
        self._progress()
        self._tick_at = now.uptime + TICK
        self._evaluator.tick(now)
        self._figures(UnknownRules(self._evaluator.rule_set.unknown_names()))
        self._record_events(self._evaluator.aggregates(now))
        self._carry_out_all(self._executor.expire(now), now)

    def _carry_out_all(self, outcomes: Iterable[CommandOutcome], now: Moment) -> None:
        for outcome in outcomes:
            self._carry_out(outcome, now)

    def _arrived(self, wait: float) -> list[EngineItem]:
        try:
            first = self._inbox.get(timeout=wait)
        except Empty:
            return []
        return [first, *(self._inbox.get_nowait() for _ in range(self._inbox.qsize()))]

    def _report(
        self,
        changes: RuleChanges,
        switched: Sequence[Switched],
        now: Moment,
        reading: Reading | None = None,
    ) -> None:
        """Show what has changed, and record what must commit together with it."""
        outputs = self._evaluator.outputs
        alerts = [*changes.alerts, *(outputs.alerts(switched) if switched else [])]
        shown: list[Alert | Switched] = [*alerts, *switched]
        for one in shown:
            if isinstance(one, Alert) or one.output in outputs.names:  # it may be removed
                self._show(one)
        first = [] if reading is None else [reading.event()]
        changed = self._outputs_saved.save(outputs.states(), now) if switched else []
        states = [*changes.saved_states, *changed]
        records: list[Record] = [*first, *(one.event() for one in shown), *states]
        if records:
            self._record(records)

    def _record_events(self, events: Sequence[Event]) -> None:
        if events:
            self._record(list(events))
