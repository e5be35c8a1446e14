import math

import pytest

from drivers.base.errors import NotReady, OutOfRange
from drivers.base.pins import PinPort
from drivers.servo import Servo
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware
from simulators.servo import Servo as Model


class Bench:
    """A servo's driver and its model."""

    def __init__(self, **options):
        hardware = SimulatedHardware(VirtualClock())
        self.horn = hardware.attach("flap", Model, pin=12, options=options)
        self.servo = Servo(PinPort(hardware.pins(), 12, "flap@gpio"), **options)


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize("value, angle", [(0, -45), (0.25, -22.5), (0.5, 0), (0.9, 36), (1, 45)])
def test_a_servo_turns_to_its_share_of_the_travel_and_says_so(bench, value, angle):
    bench.servo.apply(value)
    assert bench.horn.angle == pytest.approx(angle)
    assert bench.servo.state() == pytest.approx(value)
    assert bench.horn.holds
    assert not bench.horn.stalled


def test_every_setting_follows_the_last(bench):
    for value in (1, 0, 0.1, 0.11):
        bench.servo.apply(value)
        assert bench.horn.angle == pytest.approx(90 * value - 45)


@pytest.mark.parametrize("value, angle", [(0, -90), (0.5, 0), (1, 90)])
def test_longer_pulses_turn_further(value, angle):
    bench = Bench(shortest=0.0005, longest=0.0025)
    bench.servo.apply(value)
    assert bench.horn.angle == pytest.approx(angle)


def test_nothing_turns_before_the_first_setting(bench):
    assert (bench.horn.angle, bench.horn.holds) == (0, False)
    with pytest.raises(NotReady, match="flap@gpio:12: the pin is not claimed yet"):
        bench.servo.state()


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf])
def test_a_servo_is_never_driven_beyond_its_ends(bench, value):
    bench.servo.apply(0.5)
    with pytest.raises(OutOfRange, match=r"flap@gpio:12: set to .* \(wanted 0 to 1, end to end\)"):
        bench.servo.apply(value)
    assert bench.horn.angle == pytest.approx(0)


def test_a_closed_servo_is_slack_and_can_be_used_again(bench):
    bench.servo.apply(1)
    bench.servo.close()
    assert (bench.horn.angle, bench.horn.holds) == (pytest.approx(45), False)
    bench.servo.apply(0)
    assert bench.horn.angle == pytest.approx(-45)


@pytest.mark.parametrize(
    "options",
    [{"shortest": 0}, {"longest": 0.02}, {"shortest": 0.002, "longest": 0.001}, {"longest": 1.5}],
)
def test_pulses_that_no_servo_knows_are_refused(options):
    with pytest.raises(ValueError, match=r"wanted 0\.0004 to 0\.0026 seconds, the shortest first"):
        Servo(None, **options)
