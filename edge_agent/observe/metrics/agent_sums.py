"""What all figures since the start add up to. No thread, clock, disk or network."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from edge_agent.events import GOOD, Alert, Reading, Switched
from edge_agent.figures import (
    Committed,
    Figure,
    Measured,
    NotCommitted,
    Postponed,
    SignOfLife,
    SignsOfLife,
    TakenOver,
    UnknownRules,
)
from edge_agent.observe.metrics.distribution import Distribution

MEASURING = (0.002, 0.01, 0.05, 0.2, 1, 5)  # seconds
LATENESS = (0.001, 0.005, 0.02, 0.1, 0.5, 2)
DELIVERY = (0.005, 0.02, 0.1, 0.5, 2, 10, 30)
DISK = (0.001, 0.005, 0.02, 0.1, 0.5, 2, 10)


class ConfiguredNames(NamedTuple):
    """What a configuration names: figures of all else are forgotten."""

    devices: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    sinks: tuple[str, ...] = ()


MetricsItem: TypeAlias = Figure | Reading | Alert | Switched | ConfiguredNames


class AgentSums:
    """Takes figures, readings, alerts and switched outputs; one thread owns it."""

    def __init__(self) -> None:
        self.names = ConfiguredNames()
        self.readings: Counter[tuple[str, str]] = Counter()  # by device and quality
        self.latest: dict[str, Reading] = {}  # by device
        self.errors: Counter[tuple[str, str]] = Counter()  # by device and reason
        self.measuring = defaultdict[str, Distribution](partial(Distribution, MEASURING))
        self.lateness = defaultdict[str, Distribution](partial(Distribution, LATENESS))
        self.rules: dict[str, str] = {}  # the state of each
        self.unknown: frozenset[str] = frozenset()  # rules
        self.outputs: dict[str, float] = {}  # the value of each
        self.switches: Counter[str] = Counter()
        self.switch_errors: Counter[str] = Counter()
        self.deliveries = defaultdict[str, Distribution](partial(Distribution, DELIVERY))
        self.retries: Counter[str] = Counter()
        self.commits = Distribution(DISK)
        self.failed_commits = 0
        self.threads: Mapping[str, SignOfLife] = {}
        self._takers: Mapping[type, Callable[[Any], None]] = {
            Reading: self._reading,
            Alert: self._alert,
            Switched: self._switched,
            Measured: self._measured,
            TakenOver: lambda figure: self.deliveries[figure.sink].add(figure.seconds),
            Postponed: lambda figure: self.retries.update([figure.sink]),
            Committed: lambda figure: self.commits.add(figure.seconds),
            NotCommitted: self._not_committed,
            UnknownRules: self._unknown,
            SignsOfLife: self._signs,
            ConfiguredNames: self._follow,
        }

    def take(self, item: MetricsItem) -> None:
        """Add what was reported."""
        self._takers[type(item)](item)

    def _reading(self, reading: Reading) -> None:
        self.readings[reading.device, reading.quality] += 1
        self.latest[reading.device] = reading

    def _alert(self, alert: Alert) -> None:
        self.rules[alert.rule] = "inactive" if alert.state == "resolved" else alert.state

    def _switched(self, switched: Switched) -> None:
        self.switches[switched.output] += 1
        if switched.error:
            self.switch_errors[switched.output] += 1
        self.outputs[switched.output] = switched.value

    def _measured(self, attempt: Measured) -> None:
        self.measuring[attempt.device].add(attempt.seconds)
        self.lateness[attempt.device].add(attempt.late)
        if attempt.error:
            self.errors[attempt.device, attempt.error] += 1

    def _not_committed(self, _failure: NotCommitted) -> None:
        self.failed_commits += 1

    def _unknown(self, rules: UnknownRules) -> None:
        self.unknown = rules.names

    def _signs(self, signs: SignsOfLife) -> None:
        self.threads = signs.threads

    def _follow(self, names: ConfiguredNames) -> None:
        """Forget what is not configured any more, and begin at 0 with what is new."""
        self.names = names
        for device in names.devices:
            self.readings[device, GOOD] += 0
        for output in names.outputs:
            self.switches[output] += 0
            self.switch_errors[output] += 0
        for sink in names.sinks:
            self.retries[sink] += 0
        _keep(self.readings, lambda key: key[0] in names.devices)
        _keep(self.errors, lambda key: key[0] in names.devices)
        for of_devices in (self.latest, self.measuring, self.lateness):
            _keep(of_devices, names.devices.__contains__)
        for of_outputs in (self.outputs, self.switches, self.switch_errors):
            _keep(of_outputs, names.outputs.__contains__)
        for of_sinks in (self.deliveries, self.retries):
            _keep(of_sinks, names.sinks.__contains__)
        self.rules = {name: self.rules.get(name, "inactive") for name in names.rules}


def _keep(figures: dict[Any, Any], wanted: Callable[[Any], bool]) -> None:
    for key in [key for key in figures if not wanted(key)]:
        del figures[key]
