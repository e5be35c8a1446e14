"""A calibration that was asked for: it takes the place of a measurement, and always has an end."""

import pytest

from drivers.base.errors import NotReady
from edge_agent.acquire.forced_calibration import ForcedCalibration
from tests.acquire.conftest import Chip

MINUTES = 180.0


class Calibrated(Chip):
    """A chip that measures for three minutes before it is calibrated."""

    calibrates = (400, 2000)
    fails = False

    def __init__(self, clock, **given):
        super().__init__(clock, **given)
        self.calibrations = []

    def calibrate(self, value):
        yield from self.setup()
        yield MINUTES
        if self.fails:
            raise NotReady("air", "the calibration has failed")
        self.calibrations.append(value)
        self.configured = False  # as an SCD4x, which does not measure after it
        return -80


@pytest.fixture
def calibrated(clock):
    return Calibrated(clock)


@pytest.fixture
def ends():
    return []


def ask(bus, ends, device="air", value=420):
    given = (("done", ends), ("failed", ends))
    done, failed = (lambda what, n=name, to=to: to.append((n, what)) for name, to in given)
    bus.inbox.put(ForcedCalibration(device, value, done, failed))


def test_it_measures_for_minutes_then_calibrates_and_sets_the_chip_up_again(bus, calibrated, ends):
    bus.connect(air=(calibrated, 10)).run(1)
    ask(bus, ends)
    bus.run(MINUTES - 2)
    assert (ends, calibrated.calibrations) == ([], [])
    bus.run(4)
    assert (ends, calibrated.calibrations) == ([("done", -80)], [420])
    assert bus.readings[-1].values == {"temperature": 21.5}


def test_the_device_says_meanwhile_why_it_has_no_value(bus, calibrated, ends):
    bus.connect(air=(calibrated, 10)).run(1)
    ask(bus, ends)
    bus.run(60)
    *_, last = bus.readings
    assert (last.values, last.quality) == ({}, "not_ready")
    assert last.detail == "air: is being calibrated to 420"


def test_the_other_devices_are_measured_meanwhile(bus, calibrated, chip, ends):
    bus.connect(air=(calibrated, 10), soil=(chip(), 10)).run(1)
    ask(bus, ends)
    before = len(bus.moments("soil"))
    bus.run(MINUTES)
    assert len(bus.moments("soil")) - before == MINUTES / 10


def test_a_failure_is_its_end_and_the_device_is_measured_again(bus, calibrated, ends):
    bus.connect(air=(calibrated, 10))
    calibrated.fails = True
    ask(bus, ends)
    bus.run(MINUTES + 30)
    assert ends == [("failed", "air: the calibration has failed")]
    assert bus.readings[-1].values == {"temperature": 21.5}


def test_a_second_one_is_refused_while_the_first_goes_on(bus, calibrated, ends):
    bus.connect(air=(calibrated, 10))
    ask(bus, ends)
    bus.run(60)
    ask(bus, ends, value=500)
    bus.run(MINUTES)
    assert ends == [("failed", "air is being calibrated already"), ("done", -80)]


def test_a_chip_without_one_is_refused_and_measured_on(bus, chip, ends):
    bus.connect(air=(chip(), 10))
    ask(bus, ends)
    bus.run(12)
    assert ends == [("failed", "air cannot be calibrated by a command")]
    assert bus.qualities()[-1] == "good"


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_stop_breaks_it_off_and_reports_that(bus, calibrated, ends, seconds):
    bus.connect(air=(calibrated, 10))
    ask(bus, ends)
    bus.worker.take(0)
    bus.run(seconds)
    bus.inbox.put(None)
    bus.worker.run()
    assert ends == [("failed", "air: the calibration was broken off")]


def test_a_bus_that_hangs_ends_it(bus, calibrated, ends):
    bus.connect(air=(calibrated, 10))
    calibrated.hung = True
    ask(bus, ends)
    bus.run(30)
    assert [how for how, _ in ends] == ["failed"]
