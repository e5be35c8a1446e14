import random

import pytest

from drivers.base.driver import run
from drivers.base.errors import LONGEST, DriverError, NotReady
from drivers.base.serial import SerialPort
from drivers.mhz19 import MHZ19
from drivers.pms5003 import PMS5003
from edge_agent.acquire.cycle import Cycle
from edge_agent.acquire.due_device import DueDevice
from edge_agent.clock import ManualClock

BOUND = LONGEST + 200  # with the place and the remedy


class Babbling:
    """A line that says anything, as fast as the kernel's buffer takes it."""

    def __init__(self):
        self.chance = random.Random(1)
        self.in_waiting = 4096

    def read(self, size):
        return self.chance.randbytes(size)

    def write(self, data):
        return len(data)


def test_a_short_text_is_kept_and_a_long_one_says_how_much_is_left_out():
    assert NotReady("a", "b" * LONGEST).what == "b" * LONGEST
    assert NotReady("a", "b" * 5000).what == f"{'b' * LONGEST}… ({5000 - LONGEST} more characters)"


@pytest.mark.parametrize("driver", [MHZ19, PMS5003])
def test_the_error_of_a_damaged_line_is_bounded(driver):
    sensor = driver(SerialPort(Babbling(), "co2@/dev/ttyUSB0"))
    with pytest.raises(DriverError) as caught:
        run(sensor.setup(), lambda _: None)
    assert len(str(caught.value)) < BOUND


class Buggy:
    """A third party's driver that raises what it was given."""

    def __init__(self, error):
        self.error = error

    def setup(self):
        yield from ()
        raise self.error

    measure = setup


@pytest.mark.parametrize("error", [ValueError("x" * 100_000), NotReady("w", "x" * 100_000)])
def test_the_detail_of_a_reading_is_bounded_whatever_the_driver_raises(error, caplog):
    clock, readings = ManualClock(), []
    cycle = Cycle(DueDevice("air", Buggy(error), 1), readings.append, clock, lambda: None)
    for _ in range(4):
        cycle.advance()
    assert len(readings[0].detail) < BOUND
    assert len(caplog.records) == 1
    assert len(caplog.text) < 2 * BOUND
