import random
import tomllib
from collections import Counter
from importlib.metadata import entry_points

import pytest

from drivers.driver import run
from drivers.errors import DriverError
from edge_agent.acquire.hardware import Place, port
from simulators.hardware import SimulatedHardware
from simulators.scenario import FAULTS, W1_FAULTS, PlannedFault, Scenario

PLACED = {"every", "name", "driver", "channel", "address", "pin", "id"}
HOUR = 3600


def chip(group, name):
    (entry,) = entry_points(group=f"edge_agent.{group}", name=name)
    return entry.load()


class Device:
    """One device of the configuration, its driver on simulated hardware, held against the truth."""

    def __init__(self, hardware, clock, table):
        self.name, self.clock = table["name"], clock
        self.every = float(table["every"].removesuffix("s"))
        self.due = self.every
        self.outcomes = Counter()
        self.wrong = []
        driver, model = chip("drivers", table["driver"]), chip("simulators", table["driver"])
        where = {key: table[key] for key in ("address", "pin", "id") if key in table}
        hardware.attach(self.name, model, **where)
        options = {key: table[key] for key in table.keys() - PLACED}
        self._driver = driver(port(hardware, Place(driver.bus, **where), self.name), **options)
        self._steps = {channel: span.step for channel, span in model.inputs.items()}
        self._truth = lambda: hardware.truth(self.name)
        self._ready = False

    def measure(self):
        """Measure once, as an agent does: set up again after any error."""
        self.due += self.every
        before = self._truth()
        try:
            if not self._ready:
                run(self._driver.setup(), self.clock.advance)
            values = run(self._driver.measure(), self.clock.advance)
        except DriverError as error:
            self._ready = False
            self.outcomes[error.quality] += 1
            return
        self._ready = True
        self.outcomes["good"] += 1
        self._compare(values, before, self._truth())

    def _compare(self, values, before, after):
        for channel, value in values.items():
            low, high = sorted((before[channel], after[channel]))
            if not low - self._steps[channel] <= value <= high + self._steps[channel]:
                self.wrong.append((self.clock.monotonic(), channel, value, low, high))


def faults(seed, seconds):
    """Draw a time in which every fault strikes every device once, and the bus as a whole.

    A BH1750 is spared damaged bits: it has no checksum, and one bit may be hit twice in a row.
    """
    draw = random.Random(seed)
    kinds = dict.fromkeys(["air", "outside", "soil"], sorted(FAULTS))
    kinds |= dict.fromkeys(["light", ""], sorted(FAULTS.keys() - {"corrupt_bits"}))
    kinds["water"] = sorted(W1_FAULTS)
    for device, kind in [(name, kind) for name, these in kinds.items() for kind in these]:
        arguments = {"at": draw.uniform(0, 0.9 * seconds)}
        if kind != "brown_out":
            arguments["lasts"] = draw.uniform(1, seconds / 100)
        place = {"device": device} if device else {"bus": 1}
        yield PlannedFault(kind, arguments, **place)


@pytest.fixture
def greenhouse(root, clock):
    """A function: let the greenhouse's devices live through a scenario, and return them."""
    tables = tomllib.loads((root / "examples/greenhouse.toml").read_text())["device"]

    def live(scenario, seconds):
        hardware = SimulatedHardware(clock, scenario)
        devices = [Device(hardware, clock, table) for table in tables]
        while clock.monotonic() < seconds:
            device = min(devices, key=lambda each: each.due)
            clock.advance(max(device.due - clock.monotonic(), 0))
            hardware.step()
            device.measure()
        return {device.name: device for device in devices}

    return live


@pytest.mark.parametrize(
    "seed, seconds",
    [(1, HOUR), (2, HOUR), (3, HOUR), pytest.param(4, 24 * HOUR, marks=pytest.mark.slow)],
)
def test_whatever_goes_wrong_in_a_day_no_value_is_wrong(greenhouse, seed, seconds):
    devices = greenhouse(Scenario(seed, faults=tuple(faults(seed, seconds))), seconds)
    assert {name: device.wrong for name, device in devices.items() if device.wrong} == {}
    assert all(
        device.outcomes["good"] > 0.8 * seconds / device.every for device in devices.values()
    )
    assert all(len(device.outcomes) > 3 for name, device in devices.items() if name != "door")
