"""The engine: the one thread between the buses and the log. No disk, no network.

For each reading: calibrate and check, evaluate the rules that look at its device, switch outputs,
show it live, hand it to the recorder. A relay has switched before anything is written.

What follows depends on when the readings were measured, not on when they were taken from the queue:
what was due before, a hold's end or a value's expiry, happens first, at its own moment.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue

from edge_agent.clock import Clock, Moment
from edge_agent.evaluate.outputs import Outputs
from edge_agent.evaluate.plan import DevicePlan, Levels, refine
from edge_agent.evaluate.rules import Rule, RuleState, Step, due, lost, step
from edge_agent.events import Alert, Event, Reading

TICK = 1_000_000  # µs: a sign of life, and another try for an output that failed
NEVER = 2**63 - 1  # µs

_logger = logging.getLogger(__name__)


class Device:
    """What the engine remembers of one device."""

    def __init__(self, name: str, plan: DevicePlan) -> None:
        self.name = name
        self.plan = plan
        self.levels: Levels = {}
        self.names: list[str] = []  # its channels that have a current value
        self.expires = 0  # uptime in µs from which they are no longer current
        self.logged: Reading | None = None

    def is_stale(self, uptime: int) -> bool:
        """Tell whether there are values that may no longer be used."""
        return bool(self.names) and uptime >= self.expires


class Engine:
    """Takes readings from `inbox` until None comes; then the outputs are safe.

    `record` gets events that must commit together, `show` what is true now; `states` are the rules'
    from before a restart.
    """

    def __init__(
        self,
        inbox: "SimpleQueue[Reading | None]",
        *,
        plans: Mapping[str, DevicePlan],
        rules: Sequence[Rule],
        states: Mapping[str, RuleState],
        outputs: Outputs,
        record: Callable[[list[Event]], None],
        show: Callable[[Reading | Alert], None],
        clock: Clock,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._inbox = inbox
        self._devices = {name: Device(name, plan) for name, plan in plans.items()}
        self._rules = tuple(rules)
        self._states = {rule.name: states.get(rule.name, RuleState()) for rule in rules}
        self._watchers = watchers(plans, rules)
        self._values: dict[str, float] = {}
        self._failures: Counter[str] = Counter()  # by rule, in a row
        self._outputs = outputs
        self._record = record
        self._show = show
        self._clock = clock
        self._progress = progress
        self._due_at = NEVER  # uptime in µs at which a hold ends or a value expires
        self._tick_at = 0
        self._stopping = False

    def run(self) -> None:
        """Evaluate until told to stop; whatever happens, the outputs are safe in the end."""
        try:
            self.tick(self._clock.now())
            while not self._stopping:
                self.take(self.wait())
        finally:
            self._tell([], self._outputs.secure(self._clock.now()))

    def wait(self) -> float:
        """Return the seconds until time alone brings something about."""
        next_at = min(self._due_at, self._tick_at)
        return max(next_at - self._clock.now().uptime, 0) / 1e6

    def take(self, wait: float) -> None:
        """Evaluate what comes within `wait` seconds, all that is there, then let time pass."""
        for reading in self._arrived(wait):
            if reading is None:
                self._stopping = True
            else:
                self.evaluate(reading)
        now = self._clock.now()
        self._advance(now)
        if now.uptime >= self._tick_at:
            self.tick(now)

    def evaluate(self, measured: Reading) -> None:
        """Let one reading pass through everything."""
        self._advance(measured.moment)
        device = self._devices[measured.device]
        reading, device.levels = refine(device.plan, measured, device.levels)
        self._learn(device, reading)
        alerts, moved = self._step(self._watchers[device.name], reading.moment)
        switched = self._outputs.follow(self._acting(), reading.moment) if moved else []
        self._show(reading)
        if alerts or switched or device.plan.dead_band.passes(reading, device.logged):
            device.logged = reading
            self._tell(alerts, switched, reading)

    def tick(self, now: Moment) -> None:
        """Give a sign of life, and switch what could not be switched before."""
        self._progress()
        self._tick_at = now.uptime + TICK
        self._expire(now)
        self._tell([], self._outputs.follow(self._acting(), now))

    def _advance(self, now: Moment) -> None:
        """Let happen what was due by now."""
        while self._due_at <= now.uptime:
            ago = now.uptime - self._due_at
            self._expire(Moment(now.time - ago, self._due_at, now.trusted))

    def _expire(self, now: Moment) -> None:
        """Forget stale values, and fire what was pending long enough."""
        self._due_at = NEVER
        touched = {name for name, state in self._states.items() if state.state == "pending"}
        for device in self._devices.values():
            if device.is_stale(now.uptime):
                self._forget(device)
                touched |= {rule.name for rule in self._watchers[device.name]}
            elif device.names:
                self._due_at = min(self._due_at, device.expires)
        alerts, moved = self._step((rule for rule in self._rules if rule.name in touched), now)
        self._tell(alerts, self._outputs.follow(self._acting(), now) if moved else [])

    def _arrived(self, wait: float) -> list[Reading | None]:
        try:
            first = self._inbox.get(timeout=wait)
        except Empty:
            return []
        return [first, *(self._inbox.get() for _ in range(self._inbox.qsize()))]

    def _learn(self, device: Device, reading: Reading) -> None:
        """Let the reading's values replace the device's older ones; there may be none."""
        self._forget(device)
        for channel, value in reading.values.items():
            name = f"{device.name}.{channel}"
            self._values[name] = value
            device.names.append(name)
        device.expires = reading.moment.uptime + round(device.plan.max_age * 1e6)
        self._due_at = min(self._due_at, device.expires)

    def _forget(self, device: Device) -> None:
        for name in device.names:
            del self._values[name]
        device.names.clear()

    def _step(self, rules: Iterable[Rule], moment: Moment) -> tuple[list[Alert], bool]:
        """Evaluate rules; return their alerts, and whether one begins or ceases to act."""
        alerts: list[Alert] = []
        moved = False
        for rule in rules:
            before = self._states[rule.name]
            after, alert = self._try(rule, before, moment)
            self._states[rule.name] = after
            moved = moved or before.acts != after.acts
            if alert is not None:
                alerts.append(alert)
            at = due(rule, after)
            if at is not None:
                self._due_at = min(self._due_at, at)
        return alerts, moved

    def _try(self, rule: Rule, before: RuleState, moment: Moment) -> Step:
        """Evaluate one rule; a bug in it makes it unknown, and is logged once until it is gone."""
        try:
            result = step(rule, before, self._values, moment)
        except Exception:
            self._failures[rule.name] += 1
            if self._failures[rule.name] == 1:
                _logger.exception("rule %s: a bug, unknown until it is gone; tell us", rule.name)
            return lost(rule, before, moment)
        if self._failures[rule.name]:
            times = self._failures.pop(rule.name)
            _logger.warning("rule %s: evaluated again after %d failures", rule.name, times)
        return result

    def _acting(self) -> list[Rule]:
        return [rule for rule in self._rules if self._states[rule.name].acts]

    def _tell(
        self, alerts: Sequence[Alert], switched: Sequence[Event], reading: Reading | None = None
    ) -> None:
        """Hand over what must commit together: an alert, and the reading that caused it."""
        for alert in alerts:
            self._show(alert)
        first = [] if reading is None else [reading.event()]
        events = [*first, *(alert.event() for alert in alerts), *switched]
        if events:
            self._record(events)


def watchers(names: Iterable[str], rules: Iterable[Rule]) -> Mapping[str, list[Rule]]:
    """Return the rules that look at each device: a reading costs only what it touches."""
    found: dict[str, list[Rule]] = {name: [] for name in names}
    for rule in rules:
        for device in {name.partition(".")[0] for name in rule.inputs}:
            found[device].append(rule)
    return found
