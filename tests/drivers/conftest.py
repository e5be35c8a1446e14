import random
import sys
from queue import SimpleQueue

import pytest
import serial
from smbus2 import i2c_msg

from drivers.base import driver
from drivers.base.i2c import I2CPort
from drivers.base.spi import SPIPort
from edge_agent.acquire.bus_worker import BusWorker
from edge_agent.acquire.due_device import DueDevice
from edge_agent.testing import Bench, FlippedBit
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.serial import SimulatedLine
from simulators.spi import SimulatedSPI

ROUNDS = 50
ADAFRUITS = {"humidity": "relative_humidity", "carbon_dioxide": "CO2"}  # their names


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


class BusioSPI:
    """The SPI object of CircuitPython, over a simulated chip; what one lock holds is a transfer."""

    def __init__(self, line):
        self._line = line
        self._pending = b""

    def try_lock(self):
        return True

    def unlock(self):
        self._exchange(b"")

    def configure(self, *, baudrate=100_000, polarity=0, phase=0):
        self._line.mode = polarity << 1 | phase

    def write(self, buffer, *, start=0, end=None):
        self._pending += bytes(buffer[start:end])

    def readinto(self, buffer, *, start=0, end=None, write_value=0):
        buffer[start:end] = self._exchange(bytes([write_value]) * len(buffer[start:end]))

    def write_readinto(self, out, into):
        into[:] = self._exchange(bytes(out))

    def _exchange(self, data):
        sent, self._pending = self._pending + data, b""
        return bytes(self._line.xfer2(list(sent)))[len(sent) - len(data) :] if sent else b""


class WaitedLine(SimulatedLine):
    """`serial.Serial` with a timeout: a read waits for the bytes, and moves the clock."""

    def __init__(self, model, clock):
        super().__init__(model, [])
        self._clock = clock

    def read(self, size=1):
        for _ in range(100):
            if self.in_waiting >= size:
                break
            self._clock.sleep(0.01)
        return super().read(size)

    def flush(self):
        pass

    def flushInput(self):  # noqa: N802 - pyserial's name
        super().read(self.in_waiting)


def expose(model, seed):
    """Set random values a little inside the chip's range; return them."""
    chance = random.Random(seed)
    for channel, span in model.inputs.items():
        margin = (span.high - span.low) / 100
        model.set(channel, chance.uniform(span.low + margin, span.high - margin))
    return dict(model.values)


def assert_near(values, expected, model):
    for channel in values.keys() & model.inputs.keys():  # the others follow from these
        value = values[channel]
        assert value == pytest.approx(expected[channel], abs=1.5 * model.inputs[channel].step), (
            channel
        )


@pytest.fixture
def agree():
    """A function: another author's driver, ours, and the truth: all three must agree.

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
def agree_with_adafruit(agree, monkeypatch):
    """A function: as `agree`, with a class of Adafruit; `begin(chip, clock)` starts theirs."""

    def compare(theirs, ours, model, *, begin=lambda _chip, _clock: None):
        def adafruit(busio, clock):
            monkeypatch.setattr(sys.modules[theirs.__module__], "time", clock)
            chip = theirs(busio)
            begin(chip, clock)
            names = [channel.name for channel in ours.channels]
            return lambda: {name: getattr(chip, ADAFRUITS.get(name, name)) for name in names}

        agree(adafruit, ours, model)

    return compare


@pytest.fixture
def agree_on_spi():
    """As `agree`, for a chip on an SPI bus: `theirs(spi, clock)`."""

    def agree(theirs, ours, chip, *, settle=0.0, rounds=ROUNDS, **options):
        clock = VirtualClock()
        model = chip(clock)
        line = SimulatedSPI(model, [])
        for seed in range(rounds):
            model.power_on()
            truth = expose(model, seed)
            clock.sleep(0.05 + settle)
            witnessed = theirs(BusioSPI(line), clock)()
            mine = driver.read(ours(SPIPort(line), **options), clock.sleep)
            assert witnessed
            assert_near(witnessed, truth, model)
            assert_near(mine, truth, model)

    return agree


@pytest.fixture
def serial_witness(monkeypatch):
    """A function: a model at the end of any serial line, what is true of it, and its clock."""

    def connect(chip, seed):
        clock = VirtualClock()
        model = chip(clock)
        monkeypatch.setattr(serial, "Serial", lambda *_, **__: WaitedLine(model, clock))
        return model, expose(model, seed), clock

    return connect


@pytest.fixture
def clock():
    """A clock that moves only when it is advanced."""
    return VirtualClock()


@pytest.fixture
def bus(clock):
    """An empty I2C bus."""
    return SimulatedBus(clock)


@pytest.fixture
def reported():
    """A function: what the worker of a device that is due once an hour reports meanwhile.

    `act` is called after a second, and the worker has another one to notice.
    """

    def reported(name, driver, clock, act):
        inbox, readings = SimpleQueue(), []
        device = DueDevice(name, driver, every=3600)
        worker = BusWorker("gpio", [device], inbox, emit=readings.append, clock=clock)
        run_for(worker, inbox, clock, 1)
        act()
        run_for(worker, inbox, clock, 1)
        return readings

    return reported


def run_for(worker, inbox, clock, seconds):
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        wait = worker.step()
        while not inbox.empty():
            worker.take(0)
            wait = 0
        clock.advance(min(wait, 0.01))


@pytest.fixture
def damaged():
    """A function: a model's `read`, with a bit of every second frame of `count` bytes flipped."""

    def damaged(read, *, count):
        frames = []

        def spoiled(wanted):
            frame = bytearray(read(wanted))
            if wanted == count:
                frames.append(frame)
                frame[-1] ^= (len(frames) % 2) << 3
            return bytes(frame)

        return spoiled

    return damaged


@pytest.fixture
def busio_of():
    return Busio


@pytest.fixture
def bench_of():
    return Bench


@pytest.fixture
def ready(bench):
    """The bench of a test's module, its driver set up."""
    bench.setup()
    return bench


@pytest.fixture
def flipped_bit():
    return FlippedBit


class WorkedBus:
    """The worker of one device that is due once an hour, on a clock that is moved by hand."""

    def __init__(self, name, driver, clock, every=3600, **given):
        self.clock, self.inbox, self.readings = clock, SimpleQueue(), []
        device = DueDevice(name, driver, every=every)
        self.worker = BusWorker(
            "gpio", [device], self.inbox, emit=self.readings.append, clock=clock, **given
        )

    def run(self, seconds, live=lambda: None):
        """Let time pass, and call `live` every ten milliseconds of it."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            wait = self.worker.step()
            while not self.inbox.empty():
                self.worker.take(0)
                wait = 0
            live()
            self.clock.advance(min(wait, 0.01, left))


@pytest.fixture
def working():
    """A function: the bus worker of one device, stepped by hand."""
    return WorkedBus
