from typing import NamedTuple

import pytest

from drivers.driver import run
from drivers.i2c import I2CPort
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.faults import BusFault

INSTANT = 1e-9  # every message takes wire time, so an instant holds one


class Message(NamedTuple):
    """One message on the wire; `at` is the moment at which faults look at it."""

    at: float
    written: bytes | None


class RecordingBus(SimulatedBus):
    """A simulated bus that notes every message, those that nobody answers too."""

    def __init__(self, clock):
        super().__init__(clock)
        self.messages = []

    def _transfer(self, message):
        written = None if message.flags & 1 else bytes(message)
        self.messages.append(Message(self._clock.monotonic(), written))
        super()._transfer(message)


class FlippedBit(BusFault):
    """Bit `bit` of the frame read at the instant `at` arrives inverted."""

    def __init__(self, clock, *, at, bit):
        super().__init__(clock, at=at, lasts=INSTANT)
        self._bit = bit

    def _spoil(self, frame):
        if self._bit >= 8 * len(frame):
            return frame
        self.struck += 1
        return (int.from_bytes(frame) ^ 1 << self._bit).to_bytes(len(frame))


class Bench:
    """One driver and one model on a bus of their own, and a clock that moves as they wait."""

    def __init__(self, driver, model, **options):
        self.clock = VirtualClock()
        self.bus = RecordingBus(self.clock)
        self.address = driver.addresses[0]
        self.model = model(self.clock)
        self.bus.attach(self.address, self.model)
        self.device = driver(I2CPort(self.bus, self.address, "bench"), **options)
        self.waits = []

    def setup(self):
        run(self.device.setup(), self.sleep)

    def measure(self):
        return run(self.device.measure(), self.sleep)

    def read(self):
        self.setup()
        return self.measure()

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.clock.sleep(seconds)

    def strike(self, fault, **arguments):
        fault = fault(self.clock, **arguments)
        self.bus.faults.append(fault)
        return fault

    def heal(self):
        self.bus.faults.clear()

    def moments(self, call, *, reads_only=False):
        begin = len(self.bus.messages)
        call()
        messages = self.bus.messages[begin:]
        return [m.at for m in messages if m.written is None or not reads_only]


@pytest.fixture
def bench_of():
    return Bench


@pytest.fixture
def flipped_bit():
    return FlippedBit


@pytest.fixture
def instant():
    return INSTANT
