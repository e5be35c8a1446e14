import json
import math
from queue import SimpleQueue

import pytest
from gpiozero import DigitalInputDevice

from drivers.base.driver import run
from drivers.base.errors import NotReady, OutOfRange
from drivers.base.members import Totalling
from drivers.base.pins import PinPort
from drivers.pulse import MEANINGS, PulseCounter
from edge_agent.acquire.bus_worker import BusWorker
from edge_agent.acquire.due_device import DueDevice
from edge_agent.clock import ManualClock
from simulators.hardware import SimulatedHardware
from simulators.pulse import PulseCounter as Model

RAIN = {"kind": "precipitation", "per_pulse": 0.2794}
WATER = {"kind": "volume", "per_pulse": 1 / 450, "debounce": 0.001}
METER = {"kind": "energy", "per_pulse": 0.001}
WIND = {"kind": "wind", "per_pulse": 2.4}
TURNS = {"kind": "count", "per_pulse": 1}


class Bench:
    """A counter on simulated hardware, whose clock moves in the steps of the scenario's thread."""

    def __init__(self, *, begin=0.0, **options):
        self.clock = ManualClock()
        self.clock.advance(begin)
        self.hardware = SimulatedHardware(self.clock)
        self.model = self.hardware.attach("meter", Model, pin=17, options=options)
        self.pin = self.hardware.pins().pin(17)
        for channel, value in self.model.quiet.items():
            self.set(channel, value)
        self.counter = PulseCounter(PinPort(self.hardware.pins(), 17, "meter@gpio"), **options)

    def setup(self):
        run(self.counter.setup(), self.live)
        return self

    def set(self, channel, value):
        self.hardware.expose("meter", channel, value)

    def live(self, seconds):
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            self.clock.advance(min(0.05, end - self.clock.monotonic()))
            self.hardware.step()

    def measure(self):
        return run(self.counter.measure(), self.live)

    def pulses(self, *lengths, every=1.0):
        """Close a contact for these times, without a bounce."""
        for seconds in lengths:
            self.pin.drive(False)
            self.clock.advance(seconds)
            self.pin.drive(True)
            self.clock.advance(every - seconds)


def still(**options):
    """A counter whose model makes no pulses unasked."""
    bench = Bench(**options)
    for channel in bench.model.inputs:
        bench.set(channel, 0)
    return bench.setup()


@pytest.mark.parametrize(
    "options, channel, fastest",
    [
        (TURNS, "frequency", 80),
        (WATER, "flow", 30),
        (METER, "power", 10_000),
        (WIND, "wind_speed", 150),
    ],
)
@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("begin", [0.0, 1.7e9])
def test_a_rate_is_right_to_one_pulse_and_a_total_to_the_pulse(
    options, channel, fastest, pull, begin
):
    bench = Bench(**options, pull=pull, begin=begin).setup()
    for share in (0.37, 0, 1, 0.05):
        bench.set(channel, share * fastest)
        bench.measure()
        bench.live(60)
        values = bench.measure()
        resolution = bench.counter.channels[-1].resolution
        assert values[channel] == pytest.approx(share * fastest, abs=1.01 * resolution)
        total = MEANINGS[options["kind"]].total
        if total:
            assert values[total[0]] == pytest.approx(bench.hardware.truth("meter")[total[0]])


@pytest.mark.parametrize("kind", ["count", "energy"])
def test_a_model_makes_no_more_pulses_than_a_contact_can(kind):
    bench = Bench(kind=kind, per_pulse=1e-9)
    bench.clock.advance(1)
    bench.model.step()
    assert 0 < bench.model.pulses <= 10_001


def test_a_short_window_is_waited_for():
    bench = Bench(**WIND).setup()
    began = bench.clock.monotonic()
    bench.measure()
    bench.measure()
    assert bench.clock.monotonic() - began == pytest.approx(2)


def test_rain_is_counted_by_the_tip():
    bench = Bench(**RAIN).setup()
    bench.live(1)
    assert bench.measure() == {"precipitation": 0}
    for fallen, tips in ((0.27, 0), (0.29, 1), (5, 17), (4, 17), (5.5, 19)):
        bench.set("precipitation", fallen)
        bench.live(3)
        assert bench.measure()["precipitation"] == pytest.approx(tips * 0.2794)


@pytest.mark.parametrize("bounces", [0, 1, 5, 12])
def test_a_bouncing_pulse_counts_once(bounces):
    bench = Bench(**RAIN).setup()
    bench.model.bounces = bounces
    bench.live(1)
    bench.set("precipitation", 10 * 0.2795)
    bench.live(5)
    assert bench.measure()["precipitation"] == pytest.approx(10 * 0.2794)


def test_a_release_that_bounces_does_not_count_again():
    bench = still(**TURNS)
    bench.pulses(0.1)
    bench.pulses(0.1, every=0.102)
    bench.pulses(0.001, 0.001, 0.001, every=0.002)
    bench.clock.advance(1)
    bench.pulses(0.1)
    assert bench.measure()["count"] == 3


def test_a_disturbance_is_no_pulse():
    bench = still(**TURNS)
    bench.pulses(0.1, 0.004, 0.1, 0.0001, 0.1)
    assert bench.measure()["count"] == 3


def test_if_nothing_bounces_every_pulse_counts():
    bench = still(**TURNS, debounce=0)
    bench.pulses(*[0.00001] * 20)
    assert bench.measure()["count"] == 20


def test_a_stuck_line_counts_nothing_and_is_no_error():
    bench = still(**TURNS)
    bench.pin.drive(False)
    for _ in range(3):
        bench.clock.advance(100)
        assert bench.measure() == {"count": 0, "frequency": 0}


def test_a_contact_that_is_closed_at_the_start_is_no_pulse():
    bench = Bench(**TURNS)
    bench.set("frequency", 0)
    bench.pin.drive(False)
    bench.setup()
    bench.clock.advance(1)
    bench.pin.drive(True)
    bench.clock.advance(1)
    bench.pulses(0.1)
    assert bench.measure()["count"] == 1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_pulses_too_fast_for_the_debounce_time_give_no_value(share):
    bench = still(**WIND)
    bench.pulses(*[0.006 * share] * 200, every=0.006)
    with pytest.raises(
        NotReady, match=r"meter@gpio:17: too many .* than 0.005 s .*lower `debounce"
    ):
        bench.measure()
    bench.clock.advance(5)
    assert bench.measure() == {"wind_speed": 0}


def test_narrow_pulses_among_good_ones_give_no_value():
    bench = still(**WIND)
    bench.pulses(*[0.006, 0.006, 0.006, 0.004] * 20, every=0.02)
    with pytest.raises(NotReady):
        bench.measure()


def test_after_noise_the_total_continues_and_the_rate_is_of_the_time_since():
    bench = still(**TURNS)
    bench.pulses(*[0.1] * 7)
    bench.pulses(*[0.001] * 200, every=0.002)
    bench.clock.advance(1)
    with pytest.raises(NotReady):
        bench.measure()
    bench.pulses(*[0.1] * 10)
    assert bench.measure() == {"count": 17, "frequency": pytest.approx(1)}


def test_a_flood_of_edges_takes_no_memory():
    bench = still(**TURNS)
    before = set(vars(bench.counter._filter))
    bench.pulses(*[0.00001] * 5000, every=0.0001)
    assert set(vars(bench.counter._filter)) == before
    assert all(isinstance(v, bool | int | float) for v in vars(bench.counter._filter).values())


def test_more_than_python_can_follow_is_out_of_range():
    bench = still(**TURNS, debounce=0)
    bench.pulses(*[0.00005] * 6000, every=0.0001)
    with pytest.raises(OutOfRange, match=r"frequency is .* the chip measures 0 to 5000 Hz"):
        bench.measure()


@pytest.mark.parametrize("options", [RAIN, WATER, METER, TURNS])
def test_a_total_continues_from_its_logged_value(options):
    bench = still(**options)
    assert isinstance(bench.counter, Totalling)
    total = bench.counter.channels[0]
    logged = round(4712 * options["per_pulse"], total.decimals)
    bench.counter.resume({}, {total.name: logged, "other": 7.0})
    bench.pulses(0.1, 0.1)
    assert bench.measure()[total.name] == pytest.approx(4714 * options["per_pulse"])


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -math.inf, 1e300])
def test_a_total_that_cannot_be_is_not_resumed(value):
    bench = Bench(**METER)
    bench.counter.resume({}, {"energy": value})
    bench.set("power", 0)
    assert bench.setup().measure()["energy"] == 0


@pytest.mark.parametrize("values", [{}, {"wind_speed": 12.0}, {"frequency": 3.0}])
def test_without_a_logged_total_it_begins_at_0(values):
    bench = still(**TURNS)
    bench.counter.resume({}, values)
    assert bench.measure()["count"] == 0
    wind = still(**WIND)
    wind.counter.resume({}, values)
    assert wind.measure() == {"wind_speed": 0}


def test_setting_up_again_keeps_the_total_and_begins_a_new_window():
    bench = still(**TURNS)
    bench.pulses(*[0.1] * 50)
    bench.setup()
    bench.clock.advance(8)
    bench.pulses(0.1, 0.1)
    assert bench.measure() == {"count": 52, "frequency": pytest.approx(0.2)}


def test_edges_lost_while_setting_up_make_no_pulse_of_a_disturbance():
    bench = still(**TURNS)
    bench.pulses(0.1)
    bench.counter._port.close()
    bench.pin.drive(False)
    bench.clock.advance(1)
    bench.setup()
    bench.pin.drive(True)
    bench.clock.advance(1)
    bench.pulses(0.1)
    assert bench.measure()["count"] == 2


def test_a_switch_may_bounce_for_as_long_as_its_debounce_time_says():
    bench = still(**TURNS, debounce=0.3)
    bench.pulses(*[0.01] * 20, every=0.02)
    bench.pulses(0.5)
    assert bench.measure()["count"] == 1


def test_an_attempt_that_was_broken_off_loses_no_pulse():
    bench = still(**TURNS)
    steps = bench.counter.measure()
    next(steps)
    bench.pulses(0.1, 0.1)
    steps.close()
    assert bench.measure() == {"count": 2, "frequency": pytest.approx(1)}


def test_a_bus_worker_gets_all_channels_in_its_first_measurement():
    bench = Bench(**METER)
    readings = []
    device = DueDevice("meter", bench.counter, every=10)
    worker = BusWorker("gpio", [device], SimpleQueue(), emit=readings.append, clock=bench.clock)
    while bench.clock.monotonic() < 60:
        bench.live(max(worker.step(), 0.05))
    assert [reading.quality for reading in readings] == ["good"] * len(readings)
    assert all(reading.values.keys() == {"energy", "power"} for reading in readings)
    assert readings[-1].values["energy"] > 0


@pytest.mark.parametrize(
    "options, what",
    [
        ({**TURNS, "debounce": -1}, "debounce is -1: wanted 0 to 1 seconds"),
        ({**TURNS, "debounce": math.nan}, "debounce is nan"),
        ({**TURNS, "per_pulse": 0}, "per_pulse is 0: wanted 1e-9 to 1e9, what a pulse is worth"),
        ({**TURNS, "per_pulse": math.inf}, "per_pulse is inf"),
        ({**TURNS, "per_pulse": 5e-324}, "per_pulse is 4.94066e-324"),
        ({**TURNS, "per_pulse": 1e300}, "per_pulse is 1e\\+300"),
    ],
)
def test_options_that_cannot_be_are_refused(options, what):
    with pytest.raises(ValueError, match=what):
        PulseCounter(None, **options)


@pytest.mark.parametrize("options", [RAIN, WATER, METER, WIND, TURNS])
def test_what_a_kind_measures_is_among_what_the_driver_can_and_its_model_feels(options):
    own = {channel.name: channel for channel in PulseCounter(None, **options).channels}
    every = {channel.name: channel for channel in PulseCounter.channels}
    assert {(c.name, c.unit, c.quantity) for c in own.values()} <= {
        (c.name, c.unit, c.quantity) for c in every.values()
    }
    assert own.keys() <= Bench(**options).hardware.truth("meter").keys()


def stopped(bench):
    """The counter of the next run, on the same pin, resumed from what the last run saved."""
    saved = bench.counter.total(stopped=True)
    return again(bench, saved)


def again(bench, saved, **options):
    bench.counter._port.close()
    options = {**TURNS, **options}
    bench.counter = PulseCounter(PinPort(bench.hardware.pins(), 17, "meter@gpio"), **options)
    bench.counter.resume(saved, {})
    return bench


@pytest.mark.parametrize("closed_for", [0.1, 3])
def test_a_pulse_under_way_at_a_restart_counts_once(closed_for):
    bench = still(**TURNS)
    bench.pin.drive(False)
    bench.clock.advance(closed_for)
    stopped(bench).setup()
    bench.clock.advance(1)
    bench.pin.drive(True)
    bench.clock.advance(1)
    bench.pulses(0.1)
    assert bench.measure()["count"] == 2


def test_a_pulse_that_began_between_two_runs_and_ends_in_the_second_counts():
    bench = still(**TURNS)
    bench.pulses(0.1)
    stopped(bench)
    bench.pin.drive(False)
    bench.setup()
    bench.clock.advance(0.1)
    bench.pin.drive(True)
    assert bench.measure()["count"] == 2


def test_a_contact_that_stays_closed_over_two_restarts_is_one_pulse():
    bench = still(**TURNS)
    bench.pin.drive(False)
    bench.clock.advance(1)
    for _ in range(2):
        stopped(bench).setup()
        bench.clock.advance(1)
    assert bench.measure()["count"] == 1


def test_a_pulse_under_way_when_the_agent_reloads_counts():
    bench = still(**TURNS)
    bench.pin.drive(False)
    bench.clock.advance(0.03)
    bench.setup()
    bench.clock.advance(0.03)
    bench.pin.drive(True)
    assert bench.measure()["count"] == 1


@pytest.mark.parametrize("pulses", [10**9 + 7, 2**52])
def test_a_total_beyond_any_meters_goes_on(pulses):
    bench = still(**TURNS)
    again(bench, {**bench.counter.total(stopped=True), "pulses": pulses}).setup()
    bench.pulses(0.1)
    assert bench.measure()["count"] == pulses + 1


@pytest.mark.parametrize("before, now", [(0.01, 0.003), (0.003, 0.01), (1.0, 1.0)])
def test_a_total_never_falls_when_what_a_pulse_is_worth_changes(before, now):
    bench = still(**{**TURNS, "per_pulse": before})
    bench.pulses(*[0.1] * 7)
    total = bench.measure()["count"]
    again(bench, bench.counter.total(stopped=True), per_pulse=now).setup()
    assert total <= bench.measure()["count"] <= total + now


def test_a_total_of_another_meter_is_not_resumed():
    bench = still(**TURNS)
    bench.pulses(0.1)
    again(bench, {**bench.counter.total(stopped=True), "kind": "energy"}).setup()
    assert bench.measure()["count"] == 0


@pytest.mark.parametrize(
    "wrong", [{"pulses": -1}, {"pulses": "7"}, {"per_pulse": 0}, {"active": None}, {"stopped": 1}]
)
def test_a_saved_total_that_cannot_be_is_ignored(wrong):
    bench = still(**TURNS)
    bench.pulses(0.1)
    saved = {**bench.counter.total(stopped=True), **wrong}
    bench.counter = PulseCounter(None, **TURNS)
    bench.counter.resume(saved, {"count": 5.0})
    assert bench.counter._before == 5


def test_what_a_kill_may_have_lost_is_reported_once():
    bench = still(**TURNS, save_every=30)
    again(bench, bench.counter.total(stopped=False), save_every=30).setup()
    bench.measure()
    assert bench.counter.remark().detail == (
        "the agent ended without a stop: up to 30 s of pulses are lost"
    )
    bench.measure()
    assert bench.counter.remark().detail == ""
    stopped(bench).setup()
    bench.measure()
    assert bench.counter.remark().detail == ""


@pytest.mark.parametrize("save_every", [0, 0.5, 3601, math.nan])
def test_a_time_between_two_saved_totals_out_of_reach_is_refused(save_every):
    with pytest.raises(ValueError, match="wanted 1 to 3600 seconds"):
        PulseCounter(None, **TURNS, save_every=save_every)


def unheard(bench, level):
    """Change the level, and lose the edge."""
    heard, bench.pin.when_changed = bench.pin.when_changed, None
    bench.pin.drive(level)
    bench.pin.when_changed = heard


def test_a_level_that_no_edge_explains_gives_no_value_and_is_listened_to_again():
    bench = still(**TURNS)
    bench.pulses(0.1, 0.1)
    bench.pin.when_changed = None
    bench.pin.drive(False)
    with pytest.raises(NotReady, match=r"level changes, but no edges arrive .*listening again"):
        bench.measure()
    bench.pin.drive(True)
    bench.clock.advance(1)
    bench.pulses(0.1)
    assert bench.measure()["count"] == 3
    assert bench.counter.remark().missed == 1


def test_a_counter_that_hears_nothing_is_not_good(monkeypatch):
    bench = still(**TURNS)
    bench.pulses(0.1, 0.1)
    bench.measure()
    monkeypatch.setattr(bench.counter._pin, "claim", lambda _: None)  # it does not help
    bench.pin.when_changed = None
    for level, what in ((0, "listening again"), (1, "restart"), (1, "restart"), (0, "restart")):
        bench.pin.drive(bool(level))
        with pytest.raises(NotReady, match=what):
            bench.measure()
    bench.pin.when_changed = bench.counter._filter.edge
    bench.pulses(0.1)
    assert bench.measure()["count"] == 2


def test_an_edge_that_arrives_late_is_waited_for():
    bench = still(**TURNS)
    note, bench.pin.when_changed = bench.pin.when_changed, None
    bench.pin.drive(False)
    steps = bench.counter.measure()
    for _ in range(3):
        bench.clock.advance(next(steps))
    note(bench.clock.monotonic(), False)
    bench.pin.when_changed = note
    assert run(steps, bench.live)["count"] == 0
    assert bench.counter.remark().missed == 0


def test_one_edge_lost_of_ten_is_counted_as_missed():
    bench = still(**TURNS)
    for number in range(50):
        if number % 5:
            bench.pulses(0.1)
        else:
            unheard(bench, False)
            bench.clock.advance(0.1)
            bench.pin.drive(True)
            bench.clock.advance(0.9)
    values = bench.measure()
    assert values["count"] + bench.counter.remark().missed == 50


def test_a_stop_saves_the_pulses_since_the_last_measurement(working):
    bench = Bench(**TURNS)
    saved = []
    bus = working("meter", bench.counter, bench.clock, every=60, save=saved.append)
    bus.run(2)
    bench.hardware.step = lambda: None
    bench.pulses(*[0.05] * 160, every=0.125)
    bus.inbox.put(None)
    bus.worker.run()
    assert saved[-1].name == "total/meter"
    total = json.loads(saved[-1].data)
    assert (total["pulses"], total["stopped"]) == (160, True)


def test_a_kill_loses_no_more_than_the_pulses_of_the_time_between_two_saved_totals(working):
    bench = Bench(**TURNS, save_every=5)
    saved = []
    bus = working("meter", bench.counter, bench.clock, save=saved.append)
    bus.run(3600 - bench.clock.monotonic() % 3600)
    for _ in range(600):
        bench.pulses(0.01, every=0.02)
        bus.run(0.02)
        counted = bench.counter.total(stopped=False)["pulses"]
        assert counted - json.loads(saved[-1].data)["pulses"] <= 5 / 0.03
    quiet = len(saved)
    bus.run(100)
    assert len(saved) <= quiet + 1


def test_gpiozeros_input_counts_what_we_count_and_what_is():
    """A second witness: gpiozero listens to a model of the same pulses."""
    ours, theirs = Bench(**TURNS), Bench(**TURNS)
    theirs.model.bounces = 0  # it takes no bounce for what it is
    counted = []
    with DigitalInputDevice(17, pull_up=True, pin_factory=theirs.hardware.pins()) as device:
        device.when_activated = lambda: counted.append(theirs.clock.monotonic())
        ours.setup()
        for bench in (ours, theirs):
            bench.set("frequency", 3.0)
            bench.live(60)
        assert len(counted) == theirs.hardware.truth("meter")["count"] > 100
    assert ours.measure()["count"] == pytest.approx(len(counted), abs=2)  # began a moment apart
