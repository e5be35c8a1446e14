from queue import SimpleQueue

import pytest

from drivers.base.channel import Channel
from drivers.base.errors import BusStuck, LostConfiguration, NoAcknowledge
from edge_agent.acquire.bus_worker import BusWorker
from edge_agent.acquire.due_device import DueDevice
from edge_agent.clock import ManualClock


class Chip:
    """A driver and its chip in one: its answers follow from its state, not from a script."""

    bus = "i2c"
    channels = (Channel("temperature", "°C", -40, 125, 0.01),)

    def __init__(self, clock, *, conversion=0.01, settling=0.0, transaction=0.0):
        self.clock = clock
        self.conversion = conversion
        self.settling = settling
        self.transaction = transaction  # how long one transfer holds the bus
        self.values = {"temperature": 21.5}
        self.plugged = True
        self.hung = False
        self.configured = False
        self.error = None  # what measuring raises while it is set
        self.setups = []
        self.starts = []

    def setup(self):
        self._transfer(self.setups)
        yield self.settling
        self.configured = True

    def measure(self):
        self._transfer(self.starts)
        if self.error:
            raise self.error
        if not self.configured:
            raise LostConfiguration("chip", "power-on values")
        yield self.conversion
        return dict(self.values)

    def unplug(self):
        self.plugged = self.configured = False

    def _transfer(self, moments):
        moments.append(self.clock.monotonic())
        self.clock.advance(self.transaction)
        if self.hung:
            self.clock.advance(1.0)  # the adapter's time-out
            raise BusStuck("chip", "the bus does not move")
        if not self.plugged:
            raise NoAcknowledge("chip", "no answer")


class Button(Chip):
    """A chip that reports news."""

    def listen(self, wake):
        self.wake = wake


class SteppedBus:
    """A bus worker without its thread, on a clock that is moved by hand."""

    def __init__(self, clock):
        self.clock = clock
        self.readings = []
        self.figures = []
        self.inbox = SimpleQueue()

    def connect(self, **devices):
        """Take `name=(driver, every)`, with a deadline and a phase behind it if wanted."""
        listed = [DueDevice(name, *given) for name, given in devices.items()]
        self.worker = BusWorker(
            "i2c-1",
            listed,
            self.inbox,
            emit=self.readings.append,
            clock=self.clock,
            report=self.figures.append,
        )
        return self

    def run(self, seconds):
        """Let time pass as the worker's thread would."""
        end = self.clock.monotonic() + seconds
        while (now := self.clock.monotonic()) < end:
            while not self.inbox.empty():
                self.worker.take(0)
            self.clock.advance(min(self.worker.step(), max(end - now, 0)))

    def moments(self, device=None):
        """Return the uptimes of a device's readings, in seconds."""
        return [r.moment.uptime / 1e6 for r in self.readings if device in (None, r.device)]

    def qualities(self, device=None):
        return [r.quality for r in self.readings if device in (None, r.device)]


@pytest.fixture
def clock():
    return ManualClock(1_700_000_000.0)  # a whole minute and 20 seconds


@pytest.fixture
def bus(clock):
    """A bus without devices; `bus.connect` adds them."""
    return SteppedBus(clock)


@pytest.fixture
def chip(clock):
    """A function: make a chip that uses the test's clock."""
    return lambda **given: Chip(clock, **given)


@pytest.fixture
def button(clock):
    return Button(clock, conversion=0.0)
