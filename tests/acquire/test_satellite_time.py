"""A Pi without a network or a clock chip, which starts in 1970, and a receiver of satellites."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from drivers.base.members import KnownTime
from drivers.base.serial import SerialPort
from drivers.nmea import NMEA
from edge_agent import clock as clock_module
from edge_agent.clock import BUILT, ROLLOVER, SystemClock
from edge_agent.events import Event
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from edge_agent.store.time_repair import TimeRepair
from simulators import nmea
from simulators.clock import VirtualClock
from simulators.serial import SimulatedLine
from tests.acquire.conftest import SteppedBus

DRIFT = 60e-6  # more than a Pi's crystal
LATE = 0.5  # seconds that the page states


class Kernel:
    """The kernel's clocks, 1970 at the start, which gain on the truth."""

    CLOCK_BOOTTIME = 7

    def __init__(self, truth):
        self._truth = truth

    def monotonic(self):
        return self._truth.monotonic() * (1 + DRIFT)

    def clock_gettime_ns(self, _clock):
        return round(self.monotonic() * 1e9)

    time_ns = property(lambda self: lambda: self.clock_gettime_ns(self.CLOCK_BOOTTIME))


class Pi(SystemClock):
    """A clock that is moved by hand."""

    def __init__(self, truth):
        super().__init__(lambda: False)
        self.truth = truth

    def advance(self, seconds):
        self.truth.advance(seconds)

    def error(self, moment):
        """Return by how many seconds a moment's time is ahead of the truth."""
        since = moment.uptime / 1e6 / (1 + DRIFT)
        true = nmea.EPOCH + timedelta(seconds=since)
        return moment.time / 1e6 - true.timestamp()


@pytest.fixture
def unset(monkeypatch, tmp_path):
    """A function: let something else set the machine's clock, or nothing again."""

    def by(*, ntp):
        monkeypatch.setattr(clock_module, "_kernel_says_synchronised", lambda: ntp)

    monkeypatch.setattr(clock_module, "SYNCHRONISED", tmp_path / "absent")
    by(ntp=False)
    return by


@pytest.fixture
def pi(monkeypatch, unset):
    truth = VirtualClock()
    monkeypatch.setattr(clock_module, "time", Kernel(truth))
    monkeypatch.setattr(clock_module, "BUILT", round(nmea.EPOCH.timestamp() * 1e6))
    pi = Pi(truth)
    pi.not_before(clock_module.BUILT)
    return pi


@pytest.fixture
def receiver(pi):
    return nmea.NMEA(pi.truth)


@pytest.fixture
def bus(pi, receiver):
    driver = NMEA(SerialPort(SimulatedLine(receiver, []), "gps"))
    return SteppedBus(pi).connect(gps=(driver, 10.0, NMEA.deadline))


def trusted(bus):
    return [one.moment.trusted for one in bus.readings]


def test_after_three_measurements_that_agree_readings_have_the_time_of_the_satellites(bus, pi):
    bus.run(45)
    assert trusted(bus) == [False, False, False, True, True]
    assert bus.readings[0].moment.time < 60e6  # in 1970
    assert -LATE < pi.error(bus.readings[-1].moment) <= 0


def test_for_a_day_its_time_is_right_and_never_goes_back_although_the_pi_gains(pi, receiver):
    driver = NMEA(SerialPort(SimulatedLine(receiver, []), "gps"))
    bus = SteppedBus(pi).connect(gps=(driver, 300.0, NMEA.deadline))
    bus.run(86_400)
    moments = [one.moment for one in bus.readings if one.moment.trusted]
    assert len(moments) > 280
    assert all(-LATE < pi.error(moment) < 0.1 for moment in moments)
    times = [moment.time for moment in moments]
    assert times == sorted(times)
    assert DRIFT * 86_400 > LATE  # without satellites it would be wrong by more


def test_what_was_measured_in_1970_gets_its_true_time_in_the_log(bus, pi, tmp_path):
    log = EventLog.open(tmp_path / "events.db", boot=pi.boot)
    repair = TimeRepair()
    bus.run(45)
    with log.transaction():
        log.append([Event("reading", one.device, one.moment, {}) for one in bus.readings])
        while not repair.settled:
            repair.step(log, pi.now())
            repair.committed()
    log.close()
    reader = LogReader(tmp_path / "events.db")
    rows = reader.read_after(0, 10)
    reader.close()
    assert [row.boot for row in rows] == [None] * 5
    for row, reading in zip(rows, bus.readings, strict=True):
        assert -LATE < pi.error(reading.moment._replace(time=row.time)) < 0.1


@pytest.mark.parametrize(
    "epoch",
    [
        datetime(1980, 1, 6, tzinfo=UTC),
        datetime(1999, 8, 22, tzinfo=UTC),
        nmea.EPOCH - timedelta(weeks=1024),
        nmea.EPOCH - timedelta(hours=1),
        nmea.EPOCH + timedelta(microseconds=ROLLOVER),
    ],
)
def test_a_date_before_the_build_or_that_another_decade_may_have_is_refused(
    bus, receiver, epoch, caplog
):
    receiver.epoch = epoch
    bus.run(100)
    assert not any(trusted(bus))
    assert caplog.text.count("gps: its time is not used") == 1


def test_a_date_before_the_last_event_of_the_log_is_refused(bus, pi):
    pi.not_before(BUILT + 10 * ROLLOVER)
    bus.run(100)
    assert not any(trusted(bus))


def test_a_receiver_without_a_fix_says_no_time(bus, receiver, monkeypatch):
    monkeypatch.setattr(nmea, "FIRST_FIX", 10**6)
    bus.run(100)
    assert not any(trusted(bus))


def test_a_time_that_jumps_back_or_forward_is_not_followed(bus, pi, receiver, caplog):
    bus.run(45)
    for jump in (-timedelta(weeks=1024), timedelta(days=1), -timedelta(seconds=30)):
        receiver.epoch = nmea.EPOCH + jump
        bus.run(100)
        assert -LATE < pi.error(pi.now()) < 0.1
    assert caplog.text.count("does not fit") == 1


def test_leap_seconds_that_a_receiver_learns_late_move_the_time_slowly(bus, pi, receiver):
    receiver.epoch += timedelta(seconds=3)
    bus.run(45)
    assert 2 < pi.error(pi.now()) <= 3
    receiver.epoch = nmea.EPOCH
    bus.run(7200)
    assert -LATE < pi.error(pi.now()) < 0.1
    errors = [pi.error(one.moment) for one in bus.readings if one.moment.trusted]
    assert all(abs(later - earlier) < 0.02 for earlier, later in pairwise(errors))


def test_as_soon_as_the_machine_is_set_its_own_clock_counts(bus, pi, unset):
    bus.run(45)
    unset(ntp=True)
    bus.run(10)
    assert pi.now() == (pi.now().uptime, pi.now().uptime, True)


def test_what_signs_with_the_machines_own_clock_still_waits(bus, pi):
    bus.run(45)
    assert pi.now().trusted
    assert not pi.machine_is_set()


class Contradictory:
    """A receiver whose time is another one each time, if it has no bug."""

    bus, channels = "serial", ()

    def __init__(self, clock, *times):
        self.clock, self.times = clock, list(times)

    def setup(self):
        yield 0.0

    def measure(self):
        yield 0.0
        return {}

    def known_time(self):
        time = self.times.pop(0)
        if time is None:
            raise RuntimeError("a bug")
        return KnownTime(clock_module.BUILT + self.clock.now().uptime + round(time * 1e6), 0.0)


@pytest.mark.parametrize(
    "times, believed",
    [
        ((0, 0.5, 0), True),
        ((0, 1.5, 0), False),
        ((0, 1.5, 1.5, 1.5), True),
        ((0, 0, None, 0, 0), False),
        ((0, None, 0, 0, 0), True),
    ],
)
def test_only_three_in_a_row_that_agree_count_and_a_bug_is_survived(pi, times, believed):
    bus = SteppedBus(pi).connect(gps=(Contradictory(pi, *times), 10.0))
    bus.run(10 * len(times) - 5)
    assert pi.now().trusted == believed
