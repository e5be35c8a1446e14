import random

import pytest
from smbus2 import i2c_msg

from drivers import driver
from drivers.i2c import I2CPort
from edge_agent.contract import Bench, FlippedBit
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock

ROUNDS = 50


class Busio:
    """The I2C object of CircuitPython, over a simulated bus."""

    def __init__(self, bus):
        self.bus = bus

    def try_lock(self):
        return True

    def unlock(self):
        pass

    def writeto(self, address, buffer, *, start=0, end=None):
        self.bus.i2c_rdwr(i2c_msg.write(address, bytes(buffer[start:end])))

    def readfrom_into(self, address, buffer, *, start=0, end=None):
        self._fill(address, buffer, start, end)

    def writeto_then_readfrom(
        self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None
    ):
        pointer = i2c_msg.write(address, bytes(out[out_start:out_end]))
        self._fill(address, into, in_start, in_end, pointer)

    def _fill(self, address, buffer, start, end, *first):
        span = range(len(buffer))[start:end]
        answer = i2c_msg.read(address, len(span))
        self.bus.i2c_rdwr(*first, answer)
        buffer[span.start : span.stop] = bytes(answer)


def expose(model, seed):
    """Set random values that are a little inside of the chip's range; return them."""
    chance = random.Random(seed)
    for channel, span in model.inputs.items():
        margin = (span.high - span.low) / 100
        model.set(channel, chance.uniform(span.low + margin, span.high - margin))
    return dict(model.values)


def assert_near(values, expected, model):
    for channel, value in values.items():
        assert value == pytest.approx(expected[channel], abs=1.5 * model.inputs[channel].step), (
            channel
        )


@pytest.fixture
def agree():
    """A function: somebody else's driver, ours, and what is: all three must agree.

    `theirs(busio, clock)` makes their driver and returns the function that measures with it.
    """

    def agree(theirs, ours, chip, *, settle=0.0, rounds=ROUNDS, **options):
        clock = VirtualClock()
        bus, model = SimulatedBus(clock), chip(clock)
        address = ours.addresses[0]
        bus.attach(address, model)
        for seed in range(rounds):
            model.power_on()
            truth = expose(model, seed)
            clock.sleep(0.05 + settle)  # the chip starts up, as it has on any running machine
            witnessed = theirs(Busio(bus), clock)()
            mine = driver.read(ours(I2CPort(bus, address), **options), clock.sleep)
            assert witnessed
            assert_near(witnessed, truth, model)
            assert_near(mine, truth, model)

    return agree


@pytest.fixture
def busio_of():
    return Busio


@pytest.fixture
def bench_of():
    return Bench


@pytest.fixture
def flipped_bit():
    return FlippedBit
