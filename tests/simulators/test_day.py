import random
from collections import Counter

import pytest

from drivers.base.driver import run
from drivers.base.errors import DriverError
from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import resolve
from simulators.fault_kinds import faults_of
from simulators.hardware import SimulatedHardware
from simulators.scenario import PlannedFault, Scenario, load

HOUR = 3600
LONGEST_INTERVAL = 61  # a fault that is over before anybody looks is none
# What a chip's protocol cannot tell: its own test says why
BLIND = {
    "bh1750": {"corrupt_bits"},
    "lm75": {"slow_conversion"},
    "max17048": {"slow_conversion"},
    "max31855": {"slow_conversion"},
    "mcp9808": {"slow_conversion"},
    "pcf8574": {"corrupt_bits", "dead_frame"},
}
MEAN = {"flow": 1.3}  # L/min: a mean of some 10 s knows whole pulses only, of 0.1 L
MEAN_SECONDS = 8
OF_A_BUS = ("brown_out", "no_answer", "stuck_bus", "unplug")


class Device:
    """One device of the configuration, its driver on simulated hardware, held against the truth."""

    def __init__(self, hardware, clock, resolved, model):
        self.name, self.clock, self._hardware = resolved.name, clock, hardware
        self.every = float(resolved.settings.every)
        self.due = self.every
        self.outcomes = Counter()
        self._measured = 0.0
        self._truths = []
        self.wrong = []
        _, bus, address, pin, id_ = resolved.place
        where = {"bus": bus, "address": address, "pin": pin, "id": id_}
        hardware.attach(self.name, model, **where, options=resolved.options)
        self._driver = resolved.build(hardware)
        self._steps = {channel.name: channel.resolution for channel in self._driver.channels}
        self._steps |= {channel: MEAN[channel] for channel in MEAN.keys() & self._steps.keys()}
        self._ready = resolved.place.kind == "gpio"
        if self._ready:  # counters count from now on
            run(self._driver.setup(), self._sleep)

    def _sleep(self, seconds):
        """Wait, while pins move."""
        self._look()
        self.clock.advance(seconds)
        self._hardware.step()

    def measure(self):
        """Measure once, as an agent does: set up again after any error."""
        while self.due <= self.clock.monotonic():  # missed while another one warmed up
            self.due += self.every
        self._truths = []
        self._look()
        try:
            if not self._ready:
                run(self._driver.setup(), self._sleep)
            values = run(self._driver.measure(), self._sleep)
        except DriverError as error:
            self._ready = False
            self.outcomes[error.quality] += 1
            return
        self._ready = True
        self.outcomes["good"] += 1
        self._look()
        self._compare(values)
        self._measured = self.clock.monotonic()

    def _look(self):
        """Remember the truth: between two moments it may have been higher or lower than at both."""
        self._truths.append(self._hardware.truth(self.name))

    def _compare(self, values):
        for channel, value in values.items():
            found = [truth[channel] for truth in self._truths]
            low, high = min(found), max(found)
            if channel in MEAN and self.clock.monotonic() - self._measured < MEAN_SECONDS:
                continue  # a short window after a long wait for others
            if not low - self._steps[channel] <= value <= high + self._steps[channel]:
                self.wrong.append((self.clock.monotonic(), channel, value, low, high))


def faults(models, seed, seconds):
    """Draw a time in which every fault strikes every device once, and the buses as a whole.

    The faults of one place follow each other, so that none hides another for long.
    """
    chance = random.Random(seed)
    places = [
        ({"device": name}, sorted(faults_of(model).keys() - BLIND.get(driver, set())))
        for name, (driver, model) in models.items()
    ]
    for place, kinds in [*places, ({"bus": 1}, list(OF_A_BUS)), ({"bus": 3}, list(OF_A_BUS))]:
        chance.shuffle(kinds)
        for n, kind in enumerate(kinds):
            width = 0.95 * seconds / len(kinds)
            arguments = {"at": (n + chance.uniform(0, 0.5)) * width}
            if kind == "corrupt_bits":
                # Of all frames, for what has no checksum is read twice
                arguments |= {"share": 0.2, "seed": chance.randrange(1 << 30)}
            if kind != "brown_out":
                longest = 0.2 * width if "device" in place else 2 * LONGEST_INTERVAL
                arguments["lasts"] = max(chance.uniform(0.5, 1) * longest, LONGEST_INTERVAL)
            yield PlannedFault(kind, arguments, **place)


class Day:
    """The devices of a configuration, after they have lived through a scenario."""

    def __init__(self, config, clock, seed, seconds):
        devices = resolve(config).devices
        catalog = Catalog("edge_agent.simulators")
        models = {one.name: catalog.load(one.settings.driver) for one in devices}
        named = {one.name: (one.settings.driver, models[one.name]) for one in devices}
        signals = load(config.with_suffix(".scenario.toml"), models).signals
        scenario = Scenario(seed, signals, tuple(faults(named, seed, seconds)))
        self.hardware = SimulatedHardware(clock, scenario)
        self.devices = {
            one.name: Device(self.hardware, clock, one, models[one.name]) for one in devices
        }
        while clock.monotonic() < seconds:
            device = min(self.devices.values(), key=lambda each: each.due)
            clock.advance(max(device.due - clock.monotonic(), 0))
            self.hardware.step()
            device.measure()

    def wrong(self):
        return {name: device.wrong[:3] for name, device in self.devices.items() if device.wrong}

    def idle_faults(self):
        """Return the faults that had nobody to strike."""
        return [fault for fault, struck in self.hardware.struck() if not struck]


@pytest.mark.parametrize("file", ["greenhouse", "everything"])
@pytest.mark.parametrize(
    "seed, seconds", [(1, HOUR), (2, HOUR), pytest.param(4, 24 * HOUR, marks=pytest.mark.slow)]
)
def test_whatever_goes_wrong_in_a_day_no_value_is_wrong(root, clock, file, seed, seconds):
    day = Day(root / f"examples/{file}.toml", clock, seed, seconds)
    assert day.wrong() == {}


@pytest.mark.slow
def test_in_a_day_every_fault_strikes_and_every_device_goes_on(root, clock):
    day = Day(root / "examples/everything.toml", clock, 5, 6 * HOUR)
    assert day.idle_faults() == []
    few = {
        name: dict(device.outcomes)
        for name, device in day.devices.items()
        if device.outcomes["good"] < 0.6 * 6 * HOUR / device.every
    }
    assert few == {}


def test_everything_has_every_driver(root):
    resolved = resolve(root / "examples/everything.toml").placed
    assert {one.settings.driver for one in resolved} == set(Catalog("edge_agent.drivers").names)
