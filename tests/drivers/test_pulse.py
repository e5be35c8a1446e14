import math
from queue import SimpleQueue

import pytest

from drivers.base.driver import Totalling, run
from drivers.base.errors import NotReady, OutOfRange
from drivers.base.pins import PinPort
from drivers.pulse import MEANINGS, PulseCounter
from edge_agent.acquire.bus_worker import BusWorker, DueDevice
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
    bench.counter.resume({total.name: logged, "other": 7.0})
    bench.pulses(0.1, 0.1)
    assert bench.measure()[total.name] == pytest.approx(4714 * options["per_pulse"])


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -math.inf, 1e300])
def test_a_total_that_cannot_be_is_not_resumed(value):
    bench = Bench(**METER)
    bench.counter.resume({"energy": value})
    bench.set("power", 0)
    assert bench.setup().measure()["energy"] == 0


@pytest.mark.parametrize("values", [{}, {"wind_speed": 12.0}, {"frequency": 3.0}])
def test_without_a_logged_total_it_begins_at_0(values):
    bench = still(**TURNS)
    bench.counter.resume(values)
    assert bench.measure()["count"] == 0
    wind = still(**WIND)
    wind.counter.resume(values)
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
        ({**TURNS, "per_pulse": 0}, "per_pulse is 0: wanted what one pulse is worth, above 0"),
        ({**TURNS, "per_pulse": math.inf}, "per_pulse is inf"),
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
