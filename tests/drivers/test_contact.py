import subprocess
import sys

import pytest

from drivers.base.driver import run
from drivers.base.errors import NotReady
from drivers.base.members import Listening
from drivers.base.pins import PinPort
from drivers.contact import PATIENCE, Contact
from edge_agent.clock import ManualClock
from simulators.contact import Contact as Model
from simulators.pins import SimulatedPins

HOLD = 0.05


class Bench:
    """A contact, its model, and the news it had."""

    def __init__(self, *, active_low=True, **options):
        self.clock = ManualClock()
        self.pins = SimulatedPins(self.clock)
        self.pin = self.pins.pin(17)
        self.model = Model(self.clock, self.pin, active_low=active_low)
        port = PinPort(self.pins, 17, "door@gpio")
        self.contact = Contact(port, active_low=active_low, **options)
        self.news = []

    def start(self):
        run(self.contact.setup(), self.clock.advance)
        self.contact.listen(lambda: self.news.append(self.clock.monotonic()))
        self.measure()
        self.news.clear()
        return self

    def drive_unheard(self, level):
        """Change the level, and lose the edge."""
        heard, self.pin.when_changed = self.pin.when_changed, None
        self.pin.drive(level)
        self.pin.when_changed = heard

    def measure(self):
        return run(self.contact.measure(), self.clock.advance)["active"]

    def press(self, seconds):
        """Close the contact for so long, without a bounce."""
        self.model.bounces = 0
        self.model.set("active", 1)
        self.clock.advance(seconds)
        self.model.set("active", 0)

    def reported(self):
        """Measure as long as there are news."""
        values = []
        while self.news:
            self.news.clear()
            values.append(self.measure())
        return values


@pytest.fixture
def bench():
    return Bench().start()


@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("active_low", [True, False])
def test_active_is_1_exactly_while_the_contact_is_made(pull, active_low):
    bench = Bench(pull=pull, active_low=active_low).start()
    for active in (0, 1, 1, 0, 0, 1):
        bench.model.set("active", active)
        assert bench.measure() == active


def test_a_contact_that_is_made_before_the_start_is_seen():
    bench = Bench()
    bench.model.set("active", 1)
    run(bench.contact.setup())
    assert bench.measure() == 1


@pytest.mark.parametrize("pull, level", [("up", 0), ("down", 1)])
def test_an_open_wire_reads_as_its_pull_resistor_says(pull, level):
    bench = Bench(pull=pull)
    bench.pin.drive(None)
    run(bench.contact.setup())
    assert bench.measure() == level


def test_a_bouncing_change_is_news_once_and_one_value(bench):
    assert isinstance(bench.contact, Listening)
    bench.model.bounces = 12
    bench.model.set("active", 1)
    assert len(bench.news) == 1
    assert bench.reported() == [1]


def test_a_press_shorter_than_the_debounce_time_is_a_disturbance(bench):
    bench.press(HOLD * 0.9)
    assert set(bench.reported()) == {0}


@pytest.mark.parametrize("late", [0, 0.01, 0.2, 30])
def test_a_press_that_is_over_before_it_is_measured_is_reported_all_the_same(bench, late):
    bench.press(HOLD * 1.1)
    bench.clock.advance(late)
    assert bench.reported() == [1, 0]


def test_a_press_that_is_over_is_reported_without_a_wait(bench):
    bench.press(HOLD * 1.1)
    steps = bench.contact.measure()
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == {"active": 1}


def test_every_press_is_reported_in_order(bench):
    for _ in range(5):
        bench.press(0.1)
        bench.clock.advance(0.1)
    assert bench.reported() == [1, 0] * 5


def test_a_press_during_a_measurement_is_reported(bench):
    steps = bench.contact.measure()
    bench.clock.advance(next(steps))
    bench.press(0.06)
    assert run(steps, bench.clock.advance) == {"active": 1}
    assert bench.reported() == [0]


def test_a_level_is_not_reported_before_it_has_held(bench):
    bench.model.set("active", 1)
    changed = bench.clock.monotonic()
    assert bench.measure() == 1
    assert bench.clock.monotonic() - changed >= HOLD


def test_a_contact_that_settles_late_is_waited_for(bench):
    def restless(seconds):
        for _ in range(3):
            if bench.clock.monotonic() < 1:
                bench.pin.drive(not bench.pin.state)
            bench.clock.advance(seconds / 3)

    assert run(bench.contact.measure(), restless) == {"active": float(not bench.pin.state)}
    assert bench.clock.monotonic() >= 1 + HOLD


def test_a_contact_that_never_settles_has_no_value():
    bench = Bench().start()

    def restless(seconds):
        bench.pin.drive(not bench.pin.state)
        bench.clock.advance(seconds / 2)
        bench.pin.drive(not bench.pin.state)
        bench.clock.advance(seconds / 2)

    began = bench.clock.monotonic()
    with pytest.raises(NotReady, match=r"door@gpio:17: no level holds for 0.05 s .*floating"):
        run(bench.contact.measure(), restless)
    assert PATIENCE <= bench.clock.monotonic() - began < PATIENCE + 1


def test_a_lost_edge_is_healed_by_the_next_look(bench):
    bench.drive_unheard(False)
    assert bench.news == []
    assert bench.measure() == 1
    assert bench.measure() == 1


def test_a_lost_edge_does_not_turn_a_disturbance_into_a_press(bench):
    bench.clock.advance(10)
    bench.drive_unheard(False)
    bench.clock.advance(HOLD / 2)
    bench.pin.drive(True)
    assert set(bench.reported()) == {0}


def test_a_flood_of_edges_takes_no_memory_and_gives_the_present_level(bench):
    for _ in range(5_000):
        bench.pin.drive(False)
        bench.clock.advance(0.0001)
        bench.pin.drive(True)
        bench.clock.advance(0.0001)
    assert len(bench.contact._debounce.settled) == 0
    assert len(bench.news) == 1
    assert set(bench.reported()) == {0}


def test_setting_up_again_changes_nothing(bench):
    bench.model.set("active", 1)
    bench.measure()
    run(bench.contact.setup())
    assert bench.measure() == 1
    bench.model.set("active", 0)
    assert bench.reported()[-1] == 0


def test_edges_lost_in_a_flood_do_not_turn_a_disturbance_into_a_press(bench):
    bench.pin.drive(False)
    steps = bench.contact.measure()
    next(steps)  # it has seen the edge
    bench.clock.advance(0.001)
    bench.pin.drive(True)
    bench.clock.advance(1)
    for _ in range(5_000):
        bench.pin.drive(not bench.pin.state)
        bench.clock.advance(0.0001)
    assert run(steps, bench.clock.advance) == {"active": 0}
    assert set(bench.reported()) <= {0}


def test_edges_lost_while_setting_up_do_not_turn_a_disturbance_into_a_press(bench):
    bench.pin.drive(False)
    bench.contact._pin._port.close()
    bench.pin.drive(True)
    bench.clock.advance(1)
    run(bench.contact.setup())
    bench.pin.drive(False)
    bench.clock.advance(0.001)
    bench.pin.drive(True)
    assert bench.measure() == 0
    assert set(bench.reported()) <= {0}


def test_a_contact_that_never_rests_longer_than_it_must_is_reported_change_by_change(bench):
    period = HOLD * 1.02
    changes = [bench.clock.monotonic() + period * n for n in range(1, 200)]

    def beat(seconds):
        end = bench.clock.monotonic() + seconds
        while changes and changes[0] <= end:
            bench.clock.advance(changes.pop(0) - bench.clock.monotonic())
            bench.pin.drive(not bench.pin.state)
        bench.clock.advance(end - bench.clock.monotonic())

    values = [run(bench.contact.measure(), beat)["active"] for _ in range(100)]
    assert values[1:] == [1, 0] * 49 + [1]


@pytest.mark.parametrize("debounce", [0, -1, 1.5, float("nan")])
def test_a_debounce_time_out_of_reach_is_refused(debounce):
    with pytest.raises(ValueError, match=r"wanted 0\.001 to 1 seconds"):
        Contact(None, debounce=debounce)


def test_a_bus_worker_that_sleeps_for_an_hour_reports_a_short_press_at_once(reported):
    bench = Bench()
    readings = reported("door", bench.contact, bench.clock, lambda: bench.press(0.06))
    assert [reading.values["active"] for reading in readings] == [0, 1, 0]
    assert readings[-1].moment.uptime < 1_300_000


def test_the_drivers_of_pins_load_no_library_before_a_pin_is_used():
    code = "import drivers.contact, drivers.relay, sys; assert 'gpiozero' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def chattering(bench, seconds):
    """Let the contact chatter as the bus worker waits."""
    end = bench.clock.monotonic() + seconds

    def live():
        if bench.clock.monotonic() < end:
            bench.pin.drive(not bench.pin.state)

    return live


def test_after_chatter_every_true_transition_is_reported_with_its_true_time(working):
    bench = Bench()
    bus = working("door", bench.contact, bench.clock)
    bus.run(1)
    bus.run(14, chattering(bench, 14))
    assert bus.readings[-1].quality == "not_ready"
    pressed = []
    for _ in range(3):
        bus.run(0.37)
        for level in (False, True):
            pressed.append(bench.clock.monotonic())
            bench.pin.drive(level)
            bus.run(0.06)
    bus.run(1)
    told = [r for r in bus.readings if r.moment.uptime >= 15_000_000 and r.values]
    changes = [r for r, before in zip(told[1:], told, strict=False) if r.values != before.values]
    assert [r.values["active"] for r in changes] == [1, 0] * 3
    assert [r.moment.uptime / 1e6 for r in changes] == pytest.approx(pressed, abs=1e-5)


def test_a_press_between_two_measurements_has_the_time_of_its_edges(bench):
    bench.press(HOLD * 2)
    bench.clock.advance(30)
    assert bench.measure() == 1
    assert bench.contact.remark().age == pytest.approx(30 + HOLD * 2)
    assert bench.measure() == 0
    assert bench.contact.remark().age == pytest.approx(30 + HOLD)
    bench.measure()
    assert bench.contact.remark().age == 0


def test_an_edge_that_did_not_arrive_is_counted_once(bench):
    bench.drive_unheard(False)
    bench.measure()
    assert bench.contact.remark().missed == 1
    bench.measure()
    assert bench.contact.remark().missed == 0


def test_an_edge_that_cannot_follow_the_last_one_shows_that_one_was_missed(bench):
    bench.pin.drive(False)
    bench.drive_unheard(True)
    bench.pin.drive(False)
    bench.measure()
    assert bench.contact.remark().missed == 1


def test_a_failed_measurement_keeps_the_pin_claimed(bench, monkeypatch):
    claims = []
    monkeypatch.setattr(bench.contact._pin._port, "watch", lambda *_: claims.append(1))
    run(bench.contact.setup())
    assert claims == []


def test_a_contact_whose_edges_no_longer_arrive_is_claimed_again(bench):
    bench.pin.when_changed = None
    bench.pin.drive(False)
    assert bench.measure() == 1
    bench.pin.drive(True)
    assert bench.news
    assert bench.measure() == 0
