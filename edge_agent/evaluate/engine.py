"""The engine: the one thread between the buses and the log. No disk, no network.

For each reading: calibrate and check, evaluate the rules that look at its device, switch outputs,
show it live, hand it to the recorder. A relay has switched before anything is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue

from edge_agent.clock import Clock, Moment
from edge_agent.evaluate.outputs import Outputs
from edge_agent.evaluate.plan import DevicePlan, Levels, refine
from edge_agent.evaluate.rules import Rule, RuleState, due, step
from edge_agent.events import Alert, Event, Reading

TICK = 1.0  # seconds: how late a stale value may be noticed, and a sign of life


class Device:
    """What the engine remembers of one device."""

    def __init__(self, name: str, plan: DevicePlan) -> None:
        self.name = name
        self.plan = plan
        self.levels: Levels = {}
        self.measured: float | None = None  # uptime in µs, while its values may be used
        self.logged: Reading | None = None

    def is_stale(self, uptime: int) -> bool:
        """Tell whether there are values that may no longer be used."""
        return self.measured is not None and uptime - self.measured > self.plan.max_age * 1e6


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
        self._outputs = outputs
        self._record = record
        self._show = show
        self._clock = clock
        self._progress = progress
        self._tick_at = float("-inf")
        self._stopping = False

    def run(self) -> None:
        """Evaluate until told to stop."""
        while not self._stopping:
            self.take(self.wait())
        self._tell([], self._outputs.secure(self._clock.now()))

    def wait(self) -> float:
        """Return the seconds until time alone may bring something about."""
        return max(self._tick_at - self._clock.monotonic(), 0.0)

    def take(self, wait: float) -> None:
        """Evaluate what comes within `wait` seconds, and tick when it is time."""
        try:
            reading = self._inbox.get(timeout=wait)
        except Empty:
            reading = None
        else:
            self._stopping = reading is None
        if reading is not None:
            self.evaluate(reading)
        if self.wait() <= 0:
            self.tick()

    def evaluate(self, measured: Reading) -> None:
        """Let one reading pass through everything."""
        device = self._devices[measured.device]
        reading, device.levels = refine(device.plan, measured, device.levels)
        self._learn(device, reading)
        alerts, switched = self._step(self._watchers[device.name], reading.moment)
        self._show(reading)
        if alerts or switched or device.plan.dead_band.passes(reading, device.logged):
            device.logged = reading
            self._tell(alerts, switched, reading)

    def tick(self) -> None:
        """Forget stale values, fire what was pending long enough, retry outputs."""
        self._progress()
        now = self._clock.now()
        rules = [rule for rule in self._rules if self._states[rule.name].state == "pending"]
        for device in self._devices.values():
            if device.is_stale(now.uptime):
                self._forget(device)
                rules += self._watchers[device.name]
        self._tick_at = self._clock.monotonic() + TICK
        alerts, switched = self._step(rules, now)
        self._tell(alerts, switched or self._outputs.follow(self._acting(), now))

    def _learn(self, device: Device, reading: Reading) -> None:
        """Let the reading's values replace the device's older ones; there may be none."""
        self._forget(device)
        if reading.values:
            device.measured = reading.moment.uptime
            for channel, value in reading.values.items():
                self._values[f"{device.name}.{channel}"] = value

    def _forget(self, device: Device) -> None:
        device.measured = None
        for channel in device.plan.channels:
            self._values.pop(f"{device.name}.{channel}", None)

    def _step(self, rules: Iterable[Rule], moment: Moment) -> tuple[list[Alert], list[Event]]:
        """Evaluate rules; switch outputs where one begins or ceases to act."""
        alerts: list[Alert] = []
        moved = False
        for rule in rules:
            before = self._states[rule.name]
            after, alert = step(rule, before, self._values, moment)
            self._states[rule.name] = after
            moved = moved or before.acts != after.acts
            if alert is not None:
                alerts.append(alert)
            self._await(rule, after, moment)
        return alerts, self._outputs.follow(self._acting(), moment) if moved else []

    def _await(self, rule: Rule, state: RuleState, moment: Moment) -> None:
        """Tick in time for the end of a hold."""
        at = due(rule, state)
        if at is not None:
            left = (at - moment.uptime) / 1e6
            self._tick_at = min(self._tick_at, self._clock.monotonic() + left)

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
