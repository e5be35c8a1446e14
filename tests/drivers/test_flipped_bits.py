"""One bit inverted on the wire, whichever and in either direction, while the air changes."""

import pytest

from drivers.ads1115 import ADS1115
from drivers.bh1750 import BH1750
from drivers.bme280 import BME280
from drivers.bmp280 import BMP280
from drivers.driver import run
from drivers.errors import DriverError
from drivers.i2c import I2CPort
from drivers.sht4x import SHT4x
from simulators import ads1115, bh1750, bme280, bmp280, sht4x
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock

NEVER = 1 << 30
ADDRESS = 0x44


class Wire:
    """A chip at the end of a wire that inverts one bit, counted from the last `arm`."""

    def __init__(self, chip):
        self.chip = chip
        self.arm(NEVER)

    def arm(self, bit):
        self._bit = bit
        self.carried = 0

    def write(self, data):
        self.chip.write(self._carry(data))

    def read(self, count):
        return self._carry(self.chip.read(count))

    def _carry(self, data):
        size = 8 * len(data)
        place = self.carried + size - 1 - self._bit
        self.carried += size
        if not 0 <= place < size:
            return data
        return (int.from_bytes(data) ^ 1 << place).to_bytes(len(data))


class Bench:
    """A driver that has measured once, through a wire."""

    def __init__(self, driver, model):
        self.clock = VirtualClock()
        self.wire = Wire(model(self.clock))
        self.truth = self.wire.chip.values
        self.clock.sleep(1)
        bus = SimulatedBus(self.clock)
        bus.attach(ADDRESS, self.wire)
        self.device = driver(I2CPort(bus, ADDRESS))

    def setup(self):
        run(self.device.setup(), self.clock.sleep)

    def measure(self, share):
        """Measure what lies at this share of every range; return what is wrong in it."""
        spans = self.wire.chip.inputs
        for channel, (low, high, _) in spans.items():
            self.wire.chip.set(channel, low + share * (high - low))
        try:
            values = run(self.device.measure(), self.clock.sleep)
        except DriverError:
            return {}
        return {
            channel: value
            for channel, value in values.items()
            if abs(value - self.truth[channel]) > 1.5 * spans[channel].step
        }


def struck_at_setup(bench, bit):
    """Return how many bits a setup carries, and what was wrong afterwards."""
    bench.wire.arm(bit)
    try:
        bench.setup()
    except DriverError:
        return bench.wire.carried, {}  # nobody measures a chip that is not set up
    carried = bench.wire.carried
    bench.wire.arm(NEVER)
    return carried, bench.measure(0.4) or bench.measure(0.6)


def struck_at_a_measurement(bench, bit):
    """Return how many bits a measurement carries, and what was wrong then or afterwards."""
    bench.setup()
    bench.measure(0.4)
    bench.wire.arm(bit)
    wrong = bench.measure(0.6)
    carried = bench.wire.carried
    bench.wire.arm(NEVER)
    return carried, wrong or bench.measure(0.5) or bench.measure(0.3)


def anywhere(strike, driver, model):
    """Strike every bit in turn, each time on a fresh bench; return what was wrong, by bit."""
    carried, wrong = strike(Bench(driver, model), NEVER)
    assert carried
    assert not wrong
    found = {bit: strike(Bench(driver, model), bit)[1] for bit in range(carried)}
    return {bit: wrong for bit, wrong in found.items() if wrong}


@pytest.mark.parametrize("strike", [struck_at_setup, struck_at_a_measurement])
@pytest.mark.parametrize(
    "driver, model",
    [
        (ADS1115, ads1115.ADS1115),
        (BMP280, bmp280.BMP280),
        (BME280, bme280.BME280),
        (SHT4x, sht4x.SHT4x),
    ],
)
def test_one_inverted_bit_anywhere_gives_no_wrong_value(driver, model, strike):
    assert anywhere(strike, driver, model) == {}


def test_one_inverted_bit_at_the_setup_of_a_bh1750_gives_no_wrong_value():
    assert anywhere(struck_at_setup, BH1750, bh1750.BH1750) == {}


def test_only_a_command_can_be_inverted_unnoticed_on_its_way_to_a_bh1750():
    commands = range(32, 56)  # behind two reads of what stood there before; it echoes none
    assert anywhere(struck_at_a_measurement, BH1750, bh1750.BH1750).keys() <= set(commands)
