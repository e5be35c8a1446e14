import random
from functools import partial

import pytest
from gpiozero import RotaryEncoder

from drivers.base.driver import run
from drivers.base.errors import NotPermitted, NotReady
from drivers.base.members import Listening
from drivers.base.pins import PinPort
from drivers.rotary import BACKLOG, Dial, Rotary
from edge_agent.clock import ManualClock
from simulators.hardware import SimulatedHardware
from simulators.rotary import Rotary as Model

A, B = 5, 6
RIGHT = [(True, False), (True, True), (False, True), (False, False)]


class Bench:
    """An encoder, its model, and the news it had."""

    def __init__(self, **options):
        self.clock = ManualClock()
        self.hardware = SimulatedHardware(self.clock)
        options = {"b": B, **options}
        self.model = self.hardware.attach("knob", Model, pin=A, options=options)
        self.a, self.b = (self.hardware.pins().pin(number) for number in (A, B))
        self.rotary = Rotary(PinPort(self.hardware.pins(), A, "knob@gpio"), **options)
        self.news = []

    def setup(self):
        run(self.rotary.setup(), self.clock.advance)
        self.rotary.listen(lambda: self.news.append(self.clock.monotonic()))
        return self

    def measure(self, sleep=None):
        return run(self.rotary.measure(), sleep or self.clock.advance)["position"]

    def turn(self, detents):
        self.model.set("position", self.model.detent + detents)


@pytest.fixture
def bench():
    return Bench().setup()


@pytest.mark.parametrize("steps_per_detent", [1, 2, 4])
@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("bounces", [0, 2, 7])
def test_every_detent_counts_in_its_direction_however_it_bounces(steps_per_detent, pull, bounces):
    bench = Bench(steps_per_detent=steps_per_detent, pull=pull).setup()
    bench.model.bounces = bounces
    for detents in (0, 1, 1, -1, 5, -12, 3, 20, -17):
        bench.turn(detents)
        assert bench.measure() == bench.hardware.truth("knob")["position"]


@pytest.mark.parametrize("turns", [(1,), (-1,), (5, -12, 3), (20, -17, 4, -9)])
def test_gpiozeros_encoder_counts_what_we_count_and_what_is(turns):
    bench = Bench()
    bench.model.bounces = 0  # it takes no bounce for what it is
    with RotaryEncoder(A, B, max_steps=0, pin_factory=bench.hardware.pins()) as theirs:
        for detents in turns:
            bench.turn(detents)
            assert theirs.steps == bench.hardware.truth("knob")["position"]
    ours = Bench().setup()
    for detents in turns:
        ours.turn(detents)
    assert ours.measure() == sum(turns)


def test_a_knob_in_a_scenario_is_turned_to_whole_detents(bench):
    for position in (3.4, 3.6, -2.2):
        bench.hardware.expose("knob", "position", position)
        bench.hardware.step()
        assert bench.measure() == round(position)


def test_a_closes_first_on_a_turn_to_the_right(bench):
    for pin, level in ((bench.a, False), (bench.b, False), (bench.a, True), (bench.b, True)):
        assert bench.measure() == 0
        pin.drive(level)
    assert bench.measure() == 1


def test_a_knob_that_springs_back_before_the_click_has_not_moved(bench):
    for steps in (1, 2, 3, -1, -2, -3):
        bench.model.turn(steps)
        assert bench.measure() == 0
        bench.model.turn(-steps)
        assert bench.measure() == 0


@pytest.mark.parametrize("start", [1, 2, 3])
def test_a_start_between_two_detents_is_put_right_by_the_next(start):
    bench = Bench()
    bench.model.turn(start)
    bench.setup()
    bench.model.turn(4 - start)
    first = bench.measure()
    for detents in range(1, 4):
        bench.model.turn(4)
        assert bench.measure() == first + detents
    for detents in (2, 1, 0, -1):
        bench.model.turn(-4)
        assert bench.measure() == first + detents


@pytest.mark.parametrize("start", [1, 2, 3])
def test_where_a_knob_stands_at_the_start_is_position_0(start):
    bench = Bench(steps_per_detent=1)
    bench.model.turn(start)
    assert bench.setup().measure() == 0


def test_edges_that_arrive_in_the_wrong_order_are_sorted_by_their_time(bench):
    chance = random.Random(1)
    edges = []
    edges_in = bench.rotary._turns
    bench.turn(10)
    edges.extend(edges_in)
    chance.shuffle(edges)
    edges_in.clear()
    edges_in.extend(edges)
    assert bench.measure() == 10


def test_a_turn_of_unknown_direction_is_not_counted():
    dial = Dial(4)
    dial.turn((True, True))
    dial.turn((False, False))
    assert dial.position == 0


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_after_a_lost_edge_the_position_changes_at_detents_again(lost):
    dial = Dial(4)
    for number, state in enumerate(RIGHT):
        if number != lost:
            dial.turn(state)
    dial.turn((False, False))
    first = dial.position
    assert first in {0, 1}
    for state in RIGHT:
        assert dial.position == first
        dial.turn(state)
    assert dial.position == first + 1


def test_an_edge_reported_twice_counts_once():
    dial = Dial(1)
    dial.edge(0, True)
    dial.edge(0, True)
    assert dial.position == 1


def test_the_last_edge_may_be_lost(bench):
    bench.model.bounces = 0
    bench.model.turn(3)
    bench.b.when_changed = None
    bench.b.drive(True)
    assert bench.measure() == 1


def test_setting_up_again_keeps_the_position(bench):
    bench.turn(7)
    bench.measure()
    bench.setup()
    assert bench.measure() == 7
    bench.turn(-2)
    assert bench.measure() == 5


def test_edges_from_before_a_setup_count(bench):
    bench.turn(7)
    bench.setup()
    assert bench.measure() == 7


def test_edges_from_before_a_pin_was_claimed_again_count(bench):
    bench.turn(7)
    bench.rotary._pins[0]._failed = True
    bench.setup()
    bench.turn(1)
    assert bench.measure() == 8


def test_a_turn_is_news_once(bench):
    assert isinstance(bench.rotary, Listening)
    bench.turn(1)
    assert len(bench.news) == 1
    bench.measure()
    bench.turn(1)
    assert len(bench.news) == 2


def test_a_turn_during_a_measurement_is_in_it(bench):
    def turning(seconds):
        bench.clock.advance(seconds)
        bench.turn(3)

    assert bench.measure(turning) == 3
    assert bench.news == []


def test_a_turn_just_after_the_edges_were_taken_is_news(bench):
    follow = bench.rotary._follow
    bench.rotary._follow = lambda: (follow(), bench.turn(1))
    bench.measure()
    assert len(bench.news) == 1


def test_a_measurement_that_is_broken_off_loses_nothing(bench):
    bench.turn(3)
    steps = bench.rotary.measure()
    next(steps)
    steps.close()
    bench.turn(1)
    assert bench.measure() == 4


def test_a_flood_of_edges_takes_no_more_memory_and_gives_no_value(bench):
    bench.turn(2)
    bench.measure()
    for _ in range(BACKLOG):
        bench.a.drive(False)
        bench.a.drive(True)
    assert len(bench.rotary._turns) == BACKLOG
    with pytest.raises(NotReady, match=r"knob@gpio:5: more edges than a hand .*floating pin"):
        bench.measure()
    bench.turn(1)
    assert bench.measure() == 3


def test_a_bus_worker_that_sleeps_for_an_hour_reports_a_turn_at_once(reported):
    bench = Bench()
    readings = reported("knob", bench.rotary, bench.clock, lambda: bench.turn(-2))
    assert [reading.values["position"] for reading in readings] == [0, -2]


def test_the_same_pin_for_both_contacts_is_refused():
    bench = Bench()
    rotary = Rotary(PinPort(bench.hardware.pins(), A, "knob@gpio"), b=A)
    with pytest.raises(NotPermitted, match="knob@gpio:5: another device uses this pin"):
        run(rotary.setup())


def test_after_a_flood_every_turn_is_reported_with_its_true_time(working):
    bench = Bench()
    bus = working("knob", bench.rotary, bench.clock)
    bus.run(1)

    def flood():
        for _ in range(BACKLOG):
            bench.a.drive(not bench.a.state)

    bus.run(3, flood)
    assert bus.readings[-1].quality == "not_ready"
    bus.run(0.5)
    turned = []
    for _ in range(4):
        bus.run(0.2)
        bench.turn(1)
        turned.append(bench.clock.monotonic())
    bus.run(1)
    told = [r for r in bus.readings if r.values][-4:]
    assert [r.values["position"] for r in told] == [1, 2, 3, 4]
    assert [r.moment.uptime / 1e6 for r in told] == pytest.approx(turned, abs=1e-5)


def test_steps_without_a_direction_are_counted_once(bench):
    for _ in range(BACKLOG + 10):
        bench.a.drive(not bench.a.state)
    with pytest.raises(NotReady):
        bench.measure()
    bench.measure()
    assert bench.rotary.remark().missed == BACKLOG + 10
    bench.measure()
    assert bench.rotary.remark().missed == 0


def test_two_contacts_that_changed_at_once_are_two_steps_missed(bench):
    for pin in (bench.a, bench.b):
        pin.when_changed = None
        pin.drive(False)
    bench.measure()
    assert bench.rotary.remark().missed == 2


def test_edges_that_arrive_after_the_level_was_read_keep_their_direction(bench):
    notes = {pin: pin.when_changed for pin in (bench.a, bench.b)}
    late = []
    for pin in notes:
        pin.when_changed = None

    def arrive(seconds):
        bench.clock.advance(seconds)
        while late and bench.clock.monotonic() > 0.12:
            late.pop(0)()

    for number, pin in enumerate(notes):
        pin.drive(False)
        late.append(partial(notes[pin], 0.001 * number, False))
    assert bench.measure(arrive) == 0
    for pin, note in notes.items():
        pin.when_changed = note
    bench.a.drive(True)
    bench.b.drive(True)
    assert bench.measure() == 1
    assert bench.rotary.remark().missed == 0


def test_a_position_stops_at_its_ends_and_the_first_click_back_moves_it():
    bench = Bench(min=-2, max=3).setup()
    seen = []
    for detents in (2, 5, -1, -20, 1, 30, -3):
        bench.turn(detents)
        seen.append(bench.measure())
        assert bench.hardware.truth("knob")["position"] == seen[-1]
    assert seen == [2, 3, 2, -2, -1, 3, 0]


def test_one_end_alone_is_enough():
    bench = Bench(min=0).setup()
    bench.turn(-4)
    assert bench.measure() == 0
    bench.turn(100)
    assert bench.measure() == 100


def test_the_ends_are_the_channels_range():
    (channel,) = Bench(min=-2, max=3).rotary.channels
    assert (channel.low, channel.high) == (-2, 3)


@pytest.mark.parametrize("ends", [{"min": 1}, {"max": -1}, {"min": 0, "max": 0}])
def test_ends_that_leave_out_the_start_are_refused(ends):
    with pytest.raises(ValueError, match="wanted 0 between"):
        Bench(**ends)
