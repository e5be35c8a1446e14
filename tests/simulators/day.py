"""Simulated time with hardware: real drivers on simulated chips, held against the truth."""

import random
from collections import Counter
from dataclasses import replace
from heapq import heapify, heapreplace

from drivers.base.driver import parted, run
from drivers.base.errors import DriverError
from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import resolve
from simulators.clock import VirtualClock
from simulators.fault_kinds import faults_of
from simulators.hardware import SimulatedHardware
from simulators.scenario import PlannedFault, Scenario, load

DAY = 86_400
LONGEST_INTERVAL = 61  # s; a shorter fault may fall between two measurements
# What a chip's protocol cannot detect: its own test says why
BLIND = {
    "am2320": {"slow_conversion"},
    "bh1750": {"corrupt_bits"},
    "i2c_registers": {"slow_conversion"},
    "lm75": {"slow_conversion"},
    "max17048": {"slow_conversion"},
    "max31855": {"slow_conversion"},
    "max44009": {"slow_conversion"},
    "max6675": {"slow_conversion"},
    "mcp9808": {"slow_conversion"},
    "mlx90614": {"slow_conversion"},
    "modbus": {"slow_conversion"},
    "pcf8574": {"corrupt_bits", "dead_frame"},
    "tsl2561": {"slow_conversion"},
}
# s after a dip: it strikes at the next message, which waits for warm-ups, of others and its own
COLD = {"sgp40": 240, "sgp41": 240}
MEAN = {"flow": 1.3}  # L/min: a mean of some 10 s knows whole pulses only, of 0.1 L
MEAN_SECONDS = 8
OF_A_BUS = ("brown_out", "no_answer", "stuck_bus", "unplug")


class Device:
    """One device of the configuration, its driver on simulated hardware, held against the truth."""

    def __init__(self, hardware, clock, resolved, model, emit):
        self.name, self.clock, self._hardware = resolved.name, clock, hardware
        self.driver = resolved.settings.driver
        self.every, self._emit = float(resolved.settings.every), emit
        self.due = self.every
        self.outcomes = Counter()
        self._measured = 0.0
        self._truths = []
        self.wrong = []
        _, bus, address, pin, id_ = resolved.place
        where = {"bus": bus, "address": address, "pin": pin, "id": id_}
        hardware.attach(self.name, model, **where, options=resolved.options)
        self._driver = resolved.build(hardware)
        self._channels = {channel.name: channel for channel in self._driver.channels}
        self._ready = resolved.place.kind == "gpio"
        if self._ready:  # counters count from now on
            run(self._driver.setup(), clock.advance)

    def life(self):
        """Measure whenever due, and yield the seconds until it goes on."""
        while True:
            now = self.clock.monotonic()
            while self.due <= now:  # missed while it warmed up
                self.due += self.every
            yield self.due - now
            yield from self._measure()

    def _measure(self):
        """Measure once, as an agent does: set up again after any error."""
        self._truths = []
        self._look()
        try:
            if not self._ready:
                yield from self._watched(self._driver.setup())
            values, refused = parted((yield from self._watched(self._driver.measure())))
        except DriverError as error:
            self._ready = False
            self.outcomes[error.quality] += 1
            self._emit(self.name, self.clock.monotonic(), {}, error.quality)
            return
        self._ready = True
        self.outcomes["good"] += 1
        self.outcomes.update(f"{name}: {error.quality}" for name, error in refused.items())
        self._emit(self.name, self.clock.monotonic(), values, "good")
        self._look()
        self._compare(values)
        self._measured = self.clock.monotonic()

    def _watched(self, steps):
        """Run the driver's steps, and look at the truth before each wait of theirs."""
        while True:
            try:
                seconds = next(steps)
            except StopIteration as end:
                return end.value
            self._look()
            yield seconds

    def wrong_readings(self):
        """Return how many measurements had a wrong value."""
        return len({moment for moment, *_ in self.wrong})

    def _look(self):
        """Remember the truth: between two moments it may have been higher or lower than at both."""
        self._truths.append(self._hardware.truth(self.name))

    def _compare(self, values):
        for channel, value in values.items():
            found = [truth[channel] for truth in self._truths]
            low, high = min(found), max(found)
            if channel in MEAN and self.clock.monotonic() - self._measured < MEAN_SECONDS:
                continue  # a short window after a long wait for others
            step = MEAN.get(channel, self._channels[channel].step(high))
            if not low - step <= value <= high + step:
                self.wrong.append((self.clock.monotonic(), channel, value, low, high))


def faults(devices, models, seed, seconds):
    """Yield the faults of a scenario in which each fault strikes each device once, and each bus.

    The faults of one place follow each other, so that none hides another for long.
    """
    chance = random.Random(seed)
    kinds_of = {
        one.name: faults_of(models[one.name]).keys() - BLIND.get(one.settings.driver, set())
        for one in devices
    }
    places = [({"device": name}, sorted(kinds)) for name, kinds in kinds_of.items()]
    buses = sorted({one.place.bus for one in devices if one.place.kind == "i2c"})
    for place, kinds in [*places, *(({"bus": number}, list(OF_A_BUS)) for number in buses)]:
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


def daily(devices, models, seed, seconds):
    """Yield such faults for each day, or for the time that there is."""
    for day in range(max(round(seconds / DAY), 1)):
        for fault in faults(devices, models, seed + day, min(seconds, DAY)):
            at = fault.arguments["at"] + day * DAY
            yield replace(fault, arguments=fault.arguments | {"at": at})


class Day:
    """Devices of a configuration, at the end of a scenario; `emit` gets what they measure.

    `plan` yields the faults.
    """

    def __init__(
        self, config, seed, seconds, part=slice(None), *, emit=lambda *_: None, plan=daily
    ):
        devices = resolve(config).devices
        catalog = Catalog("edge_agent.simulators")
        models = {
            one.name: catalog.load(one.settings.driver).configured(one.options) for one in devices
        }
        signals = load(config.with_suffix(".scenario.toml"), models).signals
        self.seconds = seconds
        devices, clock = devices[part], VirtualClock()
        scenario = Scenario(seed, signals, tuple(plan(devices, models, seed, seconds)))
        self.hardware = SimulatedHardware(clock, scenario)
        self.devices = {
            one.name: Device(self.hardware, clock, one, models[one.name], emit) for one in devices
        }
        self._live(clock)

    def _live(self, clock):
        """Let each device go on when its time has come, while others wait."""
        lives = [(0.0, name, device.life()) for name, device in self.devices.items()]
        heapify(lives)
        while lives[0][0] < self.seconds:
            moment, name, life = lives[0]
            clock.advance(max(moment - clock.monotonic(), 0))
            self.hardware.step()
            wait = next(life)
            heapreplace(lives, (clock.monotonic() + wait, name, life))

    def wrong(self):
        found = {name: self._unexplained(device) for name, device in self.devices.items()}
        return {name: wrong[:3] for name, wrong in found.items() if wrong}

    def _unexplained(self, device):
        """Return what was wrong, but for what follows a dip that the chip's page says it hides."""
        faults = (fault for fault, _ in self.hardware.struck() if fault.kind == "brown_out")
        dips = [fault.arguments["at"] for fault in faults]
        cold = COLD.get(device.driver, 0)
        return [one for one in device.wrong if not any(0 <= one[0] - at < cold for at in dips)]

    def idle_faults(self):
        """Return the faults that struck no measurement."""
        return [fault for fault, struck in self.hardware.struck() if not struck]

    def tired(self):
        """Return the outcomes of each device with good values in less than 60 % of its time."""
        return {
            name: dict(device.outcomes)
            for name, device in self.devices.items()
            if device.outcomes["good"] < 0.6 * self.seconds / device.every
        }
