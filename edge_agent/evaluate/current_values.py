"""What the rules evaluate: current values, windows of past ones, and since when one is missing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from edge_agent.clock import NEVER, Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Span
from edge_agent.evaluate.expressions.windows import Window
from edge_agent.evaluate.refine.aggregates import Aggregator
from edge_agent.evaluate.refine.median import Recent, smoothed
from edge_agent.evaluate.refine.refine import DevicePlan, Levels, refine
from edge_agent.events import Event, Reading


class DeviceValues:
    """What is kept of one device between its readings; `windows` are aggregates' lengths in s."""

    def __init__(self, name: str, plan: DevicePlan, windows: Sequence[float]) -> None:
        self.name = name
        self.plan = plan
        self.aggregators = {seconds: Aggregator(name, [seconds]) for seconds in windows}
        self.levels: Levels = {}
        self.smooths = any(one.median > 1 for one in plan.channels.values())
        self.recent: Recent = {}
        self.names: list[str] = []  # its channels that have a current value
        self.expires = NEVER  # uptime in µs from which they are no longer current
        self.logged: Reading | None = None
        self.overdue: list[
            Event
        ] = []  # aggregates of windows that ended while the agent was stopped


class CurrentValues:
    """The current values of channels, outputs and thresholds, and the windows that rules use.

    `began` is the uptime in µs since which readings are taken; `aggregates` are lengths in seconds.
    """

    def __init__(
        self,
        plans: Mapping[str, DevicePlan],
        spans: Iterable[Span],
        *,
        began: int,
        aggregates: Sequence[float] = (),
    ) -> None:
        self.devices = {name: DeviceValues(name, plan, aggregates) for name, plan in plans.items()}
        self.seen: dict[str, int] = {}
        self.windows = {(one.channel, one.seconds): Window(one.seconds, one.hole) for one in spans}
        self.began = began
        self._values: dict[str, float] = {}
        self._of_channel = _by_channel(self.windows)

    @property
    def values(self) -> Mapping[str, float]:
        """The current values by name: `device.channel`, `output`, `rule:threshold`."""
        return self._values

    def inherit(self, before: "CurrentValues") -> None:
        """Copy what `before` has of the same devices and of the same windows."""
        self.began = before.began
        for name, device in self.devices.items():
            old = before.devices.get(name)
            if old is not None and old.plan == device.plan:
                self.devices[name] = old
                self._values |= {channel: before.values[channel] for channel in old.names}
        self.seen = {
            name: at for name, at in before.seen.items() if name.partition(".")[0] in self.devices
        }
        for key, window in self.windows.items():
            old_window = before.windows.get(key)
            if old_window is not None and old_window.hole == window.hole:
                self.windows[key] = old_window
        self._of_channel = _by_channel(self.windows)

    def context(self, moment: Moment) -> Context:
        """Return what an expression is evaluated with at one moment."""
        return Context(self._values, moment, self.windows, self.seen, self.began)

    def take(self, measured: Reading) -> tuple[DeviceValues, Reading]:
        """Refine a reading, and store the values that are right."""
        device = self.devices[measured.device]
        if device.smooths:
            measured, device.recent = smoothed(device.plan, measured, device.recent)
        reading, device.levels = refine(device.plan, measured, device.levels)
        self.store(device, reading)
        return device, reading

    def store(self, device: DeviceValues, reading: Reading) -> None:
        """Replace the device's older values by those of a refined reading; it may have none."""
        self.forget(device)
        uptime = reading.moment.uptime
        for channel, value in reading.values.items():
            name = f"{device.name}.{channel}"
            self._values[name] = value
            self.seen[name] = uptime
            device.names.append(name)
            for window in self._of_channel.get(name, ()):
                window.add(uptime, value)
        device.expires = uptime + round(device.plan.max_age * 1e6) if device.names else NEVER

    def set_threshold(self, rule: str, name: str, value: float) -> None:
        """Set a rule's threshold."""
        self._values[f"{rule}:{name}"] = value

    def set_outputs(self, names: Iterable[str], values: Mapping[str, float]) -> None:
        """Set the values of all outputs; one of `names` that has none is unknown."""
        for name in names:
            self._values.pop(name, None)
        self._values.update(values)

    def aggregate(self, device: DeviceValues, reading: Reading) -> list[Event]:
        """Count a refined reading; return the aggregates of windows that ended before it."""
        overdue, device.overdue = device.overdue, []
        counts = device.aggregators.values()
        return [*overdue, *(event for one in counts for event in one.add(reading))]

    def aggregates(self, now: Moment | None) -> list[Event]:
        """Return the aggregates of windows that have ended; None ends those under way."""
        return [
            event
            for device in self.devices.values()
            for one in device.aggregators.values()
            for event in (one.flush() if now is None else one.expire(now))
        ]

    def forget(self, device: DeviceValues) -> None:
        """Remove a device's values: they are no longer current."""
        for name in device.names:
            del self._values[name]
        device.names.clear()
        device.expires = NEVER

    def expired(self, uptime: int) -> list[DeviceValues]:
        """Forget the values that are too old; return their devices."""
        stale = [device for device in self.devices.values() if uptime >= device.expires]
        for device in stale:
            self.forget(device)
        return stale

    def expires_at(self) -> int:
        """Return the uptime in µs at which the next value is too old."""
        return min((device.expires for device in self.devices.values()), default=NEVER)


def _by_channel(windows: Mapping[tuple[str, float], Window]) -> dict[str, list[Window]]:
    found: dict[str, list[Window]] = defaultdict(list)
    for (channel, _), window in windows.items():
        found[channel].append(window)
    return found
