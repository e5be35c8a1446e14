from itertools import pairwise

import pytest
from gpiozero import DistanceSensor, PWMSoftwareFallback, input_devices

from drivers.base.driver import run
from drivers.base.errors import BusMissing, NotPermitted, NotReady, OutOfRange
from drivers.base.pins import PinPort
from drivers.hcsr04 import CYCLE_SECONDS, HCSR04, metres
from simulators import hcsr04
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware

TRIGGER, ECHO = 23, 24


class Bench:
    """A sensor and its model."""

    def __init__(self, **options):
        self.clock = VirtualClock()
        self.hardware = SimulatedHardware(self.clock)
        options = {"echo": ECHO, **options}
        self.model = self.hardware.attach("tank", hcsr04.HCSR04, pin=TRIGGER, options=options)
        self.echo = self.hardware.pins().pin(ECHO)
        self.sensor = HCSR04(PinPort(self.hardware.pins(), TRIGGER, "tank@gpio"), **options)

    def setup(self):
        run(self.sensor.setup(), self.clock.sleep)
        return self

    def measure(self, distance=None, sleep=None):
        if distance is not None:
            self.model.set("distance", distance)
        return run(self.sensor.measure(), sleep or self.clock.sleep)["distance"]


@pytest.fixture
def bench():
    return Bench().setup()


def test_gpiozeros_sensor_measures_what_we_measure_and_what_is(bench, monkeypatch):
    theirs = Bench()
    monkeypatch.setattr(input_devices, "sleep", theirs.clock.sleep)
    monkeypatch.setattr(input_devices.GPIOQueue, "start", lambda _queue: None)  # no thread
    with pytest.warns(PWMSoftwareFallback):
        sensor = DistanceSensor(ECHO, TRIGGER, max_distance=4, pin_factory=theirs.hardware.pins())
    with sensor:
        for step in range(100):
            distance = 0.02 + 3.9 * step / 99
            theirs.model.set("distance", distance)
            assert 4 * sensor._read() == pytest.approx(distance, abs=0.003)
            assert bench.measure(distance) == pytest.approx(distance, abs=0.003)
            theirs.clock.sleep(CYCLE_SECONDS)


@pytest.mark.parametrize(
    "temperature, speed", [(-20, 318.9), (0, 331.3), (20, 343.2), (30, 349.0), (50, 360.3)]
)
def test_the_speed_of_sound_is_the_textbooks(temperature, speed):
    assert 2 * metres(1, temperature) == pytest.approx(speed, abs=0.1)


def test_a_centimetre_is_58_microseconds_as_the_data_sheet_says():
    assert metres(58e-6, 20) == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("temperature", [-20, 0, 20, 40])
def test_every_distance_of_the_range_comes_out_within_one_step(temperature):
    bench = Bench(temperature=temperature).setup()
    for step in range(200):
        distance = 0.02 + 3.98 * step / 199
        assert bench.measure(distance) == pytest.approx(distance, abs=0.003)


def test_what_surrounds_the_sensor_reaches_it_through_the_scenario(bench):
    bench.hardware.expose("tank", "distance", 2.5)
    bench.hardware.step()
    assert bench.measure() == pytest.approx(bench.hardware.truth("tank")["distance"], abs=0.003)


def test_a_pi_that_has_run_for_years_measures_as_well(bench):
    bench.clock.advance(1e8)
    assert bench.measure(1.234) == pytest.approx(1.234, abs=0.003)


def test_air_of_another_temperature_than_configured_is_off_by_what_the_option_says():
    bench = Bench(temperature=20).setup()
    bench.model._kelvin += 10
    assert 1 / bench.measure(1) == pytest.approx(1.017, abs=0.001)


def test_the_trigger_is_low_before_and_after_and_high_for_10_microseconds(bench):
    trigger = bench.hardware.pins().pin(TRIGGER)
    assert (trigger.function, trigger.state) == ("output", False)
    high = []
    bench.measure(sleep=lambda s: (high.append(s) if trigger.state else None, bench.clock.sleep(s)))
    assert high == [10e-6] * bench.model.pings
    assert trigger.state is False


def test_two_pings_that_agree_are_enough(bench):
    bench.measure()
    assert bench.model.pings == 2


@pytest.mark.parametrize("late", [0.0002, 0.001, 0.01])
@pytest.mark.parametrize("which", [1, 2])
def test_an_interrupt_that_comes_late_makes_no_wrong_value(bench, late, which):
    steps = bench.sensor.measure()
    bench.model.late = late if which == 1 else 0.0

    def sleep(seconds):
        if bench.model.pings == 1 and which == 2:
            bench.model.late = late
        bench.clock.sleep(seconds)

    assert run(steps, sleep)["distance"] == pytest.approx(1, abs=0.003)
    assert bench.model.pings in {3, 4}


def test_the_value_is_the_mean_of_the_pings_that_agree(bench):
    bench.model.late = 0.0001
    assert bench.measure(1) == pytest.approx(1 + 0.0001 * 343.2 / 4, abs=0.0001)


def test_pings_that_never_agree_give_no_value(bench):
    def wild(seconds):
        bench.model.values["distance"] = 0.5 + bench.model.pings % 2
        bench.clock.sleep(seconds)

    with pytest.raises(NotReady, match=r"tank@gpio:24: no two of 5 pings agree .*another ultra"):
        bench.measure(sleep=wild)


def test_no_ping_follows_another_within_60_ms(bench):
    pinged = []
    ping = bench.model._ping
    bench.model._ping = lambda sent: (pinged.append(sent), ping(sent))
    for _ in range(3):
        bench.measure()
    steps = bench.sensor.measure()
    next(steps)
    bench.clock.sleep(next(steps))
    steps.close()
    bench.setup()
    bench.measure()
    assert min(b - a for a, b in pairwise(pinged)) >= CYCLE_SECONDS


def test_a_measurement_that_is_broken_off_leaves_the_trigger_low_and_no_echo_behind(bench):
    steps = bench.sensor.measure()
    next(steps)
    bench.clock.sleep(next(steps))
    assert bench.hardware.pins().pin(TRIGGER).state is True
    steps.close()
    assert bench.hardware.pins().pin(TRIGGER).state is False
    assert bench.measure(3) == pytest.approx(3, abs=0.003)


def test_a_sensor_that_is_not_there_has_no_value(bench):
    bench.model.connected = False
    with pytest.raises(NotReady, match=r"tank@gpio:24: no echo came \(check wiring, 5 V supply"):
        bench.measure()


def test_nothing_in_reach_is_out_of_range(bench):
    with pytest.raises(OutOfRange, match="nothing sends the sound back within 4 m"):
        bench.measure(4.5)


@pytest.mark.parametrize("distance", [0.01, 4.1, 5.5])
def test_an_echo_from_beyond_the_range_is_out_of_range(bench, distance, monkeypatch):
    monkeypatch.setattr("simulators.hcsr04.FARTHEST", 10)
    with pytest.raises(OutOfRange, match=r"the chip measures 0\.02 to 4 m"):
        bench.measure(distance)


def test_an_echo_line_that_is_high_already_is_an_error(bench):
    bench.echo.drive(True)
    with pytest.raises(NotReady, match="tank@gpio:24: the echo line is high before a ping"):
        bench.measure()
    assert bench.model.pings == 0
    bench.echo.drive(False)
    assert bench.measure(2) == pytest.approx(2, abs=0.003)


@pytest.mark.parametrize("edges, count", [([True], 3), ([True, False], 4), ([True, False] * 3, 4)])
def test_more_edges_than_one_echo_give_no_value(bench, edges, count):
    def noisy(seconds):
        bench.clock.sleep(seconds)
        if bench.model.pings:
            for level in edges:
                bench.echo.drive(level)

    with pytest.raises(NotReady, match=f"{count} edges came, not one echo"):
        bench.measure(sleep=noisy)


def test_edges_between_two_measurements_are_not_taken_for_an_echo(bench):
    bench.echo.drive(True)
    bench.clock.sleep(0.01)
    bench.echo.drive(False)
    assert bench.measure(2) == pytest.approx(2, abs=0.003)


def test_half_an_echo_gives_no_value(bench):
    bench.model.connected = False

    def sleep(seconds):
        bench.clock.sleep(seconds)
        if seconds == CYCLE_SECONDS:
            bench.echo.drive(True)

    with pytest.raises(NotReady, match="1 edges came"):
        bench.measure(sleep=sleep)


def test_setting_up_twice_is_harmless(bench):
    bench.setup()
    assert bench.measure(0.3) == pytest.approx(0.3, abs=0.003)
    assert bench.model.pings == 2


def test_the_same_pin_for_both_lines_is_refused():
    with pytest.raises(NotPermitted, match="tank@gpio:23: another device uses this pin"):
        Bench(echo=TRIGGER).setup()


def test_a_pin_beyond_the_header_is_refused():
    bench = Bench()
    sensor = HCSR04(PinPort(bench.hardware.pins(), TRIGGER, "tank@gpio"), echo=45)
    with pytest.raises(BusMissing, match="tank@gpio:45: the header has no such pin"):
        run(sensor.setup())


@pytest.mark.parametrize("temperature", [-41, 86, float("nan")])
def test_a_temperature_that_no_sensor_survives_is_refused(temperature):
    with pytest.raises(ValueError, match="wanted -40 to 85 °C"):
        HCSR04(PinPort(None, TRIGGER), echo=ECHO, temperature=temperature)


def test_the_model_ignores_a_trigger_that_is_too_short(bench):
    trigger = PinPort(bench.hardware.pins(), TRIGGER)
    bench.sensor._trigger.close()
    for seconds, pings in ((5e-6, 0), (10e-6, 1)):
        trigger.drive(True)
        bench.clock.sleep(seconds)
        trigger.drive(False)
        assert bench.model.pings == pings


def test_the_models_air_still_rings_when_it_is_pinged_too_soon(bench):
    lengths = []
    for wait in (0.06, 0.02, 0.1):
        bench.sensor._edges.clear()
        run(bench.sensor._trigger_once(), bench.clock.sleep)
        lengths.append(bench.sensor._length())
        bench.clock.sleep(wait)
    assert lengths[0] == pytest.approx(lengths[1])
    assert lengths[2] < lengths[0]
