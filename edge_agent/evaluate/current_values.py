"""The world as the rules know it: what is measured now, what was, and since when nothing is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Span
from edge_agent.evaluate.expressions.windows import Window
from edge_agent.evaluate.refine.aggregates import Aggregator
from edge_agent.evaluate.refine.refine import DevicePlan, Levels, refine
from edge_agent.events import Event, Reading

NEVER = 2**63 - 1  # µs


class DeviceValues:
    """What is remembered of one device."""

    def __init__(self, name: str, plan: DevicePlan, windows: Sequence[float]) -> None:
        self.name = name
        self.plan = plan
        self.aggregators = {seconds: Aggregator(name, [seconds]) for seconds in windows}
        self.levels: Levels = {}
        self.names: list[str] = []  # its channels that have a current value
        self.expires = NEVER  # uptime in µs from which they are no longer current
        self.logged: Reading | None = None
        self.overdue: list[Event] = []  # aggregates of windows that ended while nobody looked


class CurrentValues:
    """Current values of channels, outputs and thresholds, and the windows that rules look through.

    `began` is the uptime in µs since which anybody looks; `aggregates` are lengths in seconds.
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
        self.values: dict[str, float] = {}
        self._seen: dict[str, int] = {}
        self._windows = {(one.channel, one.seconds): Window(one.seconds, one.hole) for one in spans}
        self._of_channel: dict[str, list[Window]] = defaultdict(list)
        for (channel, _), window in self._windows.items():
            self._of_channel[channel].append(window)
        self._began = began

    def inherit(self, before: "CurrentValues") -> None:
        """Go on with what another world knows of the same devices, and through the same windows."""
        self._began = before._began  # noqa: SLF001 - of the same class
        for name, device in self.devices.items():
            old = before.devices.get(name)
            if old is not None and old.plan == device.plan:
                self.devices[name] = old
                self.values |= {channel: before.values[channel] for channel in old.names}
        self._seen = {
            name: at
            for name, at in before._seen.items()  # noqa: SLF001
            if name.partition(".")[0] in self.devices
        }
        for key, window in self._windows.items():
            old_window = before._windows.get(key)  # noqa: SLF001
            if old_window is not None and old_window.hole == window.hole:
                self._windows[key] = old_window
        self._of_channel.clear()
        for (channel, _), window in self._windows.items():
            self._of_channel[channel].append(window)

    def context(self, moment: Moment) -> Context:
        """Return what an expression sees at one moment."""
        return Context(self.values, moment, self._windows, self._seen, self._began)

    def learn(self, measured: Reading) -> tuple[DeviceValues, Reading]:
        """Take a reading: calibrated, checked, its right values in place of the older ones."""
        device = self.devices[measured.device]
        reading, device.levels = refine(device.plan, measured, device.levels)
        self.remember(device, reading)
        return device, reading

    def remember(self, device: DeviceValues, reading: Reading) -> None:
        """Let a refined reading's values replace the device's older ones; there may be none."""
        self.forget(device)
        uptime = reading.moment.uptime
        for channel, value in reading.values.items():
            name = f"{device.name}.{channel}"
            self.values[name] = value
            self._seen[name] = uptime
            device.names.append(name)
            for window in self._of_channel.get(name, ()):
                window.add(uptime, value)
        device.expires = uptime + round(device.plan.max_age * 1e6) if device.names else NEVER

    def aggregate(self, device: DeviceValues, reading: Reading) -> list[Event]:
        """Count a refined reading; return the aggregates of windows that were over before it."""
        overdue, device.overdue = device.overdue, []
        counts = device.aggregators.values()
        return [*overdue, *(event for one in counts for event in one.add(reading))]

    def aggregates(self, now: Moment | None) -> list[Event]:
        """Return the aggregates of windows that are over by now; None ends those under way."""
        return [
            event
            for device in self.devices.values()
            for one in device.aggregators.values()
            for event in (one.flush() if now is None else one.expire(now))
        ]

    def forget(self, device: DeviceValues) -> None:
        """Let a device's values be current no longer."""
        for name in device.names:
            del self.values[name]
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
