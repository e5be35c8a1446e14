import math

import pytest

from drivers.base.errors import NotPermitted, NotReady, OutOfRange
from drivers.base.pins import PinPort
from drivers.pwm import PWM
from drivers.relay import Relay
from simulators import pwm
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware


class Bench:
    """A dimmer and its lamp, whose brightness is noted."""

    def __init__(self, **options):
        self.hardware = SimulatedHardware(VirtualClock())
        self.lamp = self.hardware.attach("lamp", pwm.PWM, pin=18, options=options)
        self.dimmer = PWM(self.port(), **options)

    def port(self):
        return PinPort(self.hardware.pins(), 18, "lamp@gpio")


@pytest.fixture
def bench():
    return Bench()


@pytest.mark.parametrize("value", [0, 0.001, 0.29, 0.5, 0.999, 1])
def test_a_lamp_is_as_bright_as_it_is_set_and_says_so(bench, value):
    bench.dimmer.apply(value)
    assert bench.lamp.brightness == value
    assert bench.dimmer.state() == value


def test_every_setting_follows_the_last(bench):
    for value in (1, 0, 0.25, 1, 0.75, 0):
        bench.dimmer.apply(value)
        assert bench.lamp.brightness == value


@pytest.mark.parametrize("frequency", [0.1, 100, 10_000])
def test_it_is_modulated_with_the_frequency_that_was_asked_for(frequency):
    bench = Bench(frequency=frequency)
    bench.dimmer.apply(0.5)
    assert bench.lamp.frequency == frequency


def test_a_lamp_that_starts_off_never_flashes(bench):
    seen = []
    bench.lamp._feel = lambda: seen.append(float(bench.lamp._pin.state))
    bench.lamp._pin.watch(bench.lamp._feel)
    bench.dimmer.apply(0)
    assert not any(seen)


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan, math.inf])
def test_a_share_that_cannot_be_changes_nothing(bench, value):
    bench.dimmer.apply(0.5)
    with pytest.raises(OutOfRange, match=r"lamp@gpio:18: set to .* \(wanted 0 \(off\) to 1 \(on"):
        bench.dimmer.apply(value)
    assert bench.lamp.brightness == 0.5


def test_the_state_is_what_the_pin_has_not_what_was_asked_for(bench):
    bench.dimmer.apply(0.5)
    bench.lamp._pin.state = 0.2
    assert bench.dimmer.state() == 0.2


def test_there_is_no_state_before_the_first_setting(bench):
    with pytest.raises(NotReady, match="lamp@gpio:18: the pin is not claimed yet"):
        bench.dimmer.state()


def test_a_closed_dimmer_is_dark_and_can_be_used_again(bench):
    bench.dimmer.apply(1)
    bench.dimmer.close()
    bench.dimmer.close()
    assert (bench.lamp.brightness, bench.lamp.frequency) == (0, None)
    bench.dimmer.apply(0.5)
    assert bench.lamp.brightness == 0.5


def test_a_pin_that_was_modulated_can_be_a_plain_output_afterwards(bench):
    bench.dimmer.apply(0.5)
    with pytest.raises(NotPermitted, match="another device uses this pin"):
        Relay(bench.port()).apply(1)
    bench.dimmer.close()
    relay = Relay(bench.port())
    relay.apply(1)
    assert relay.state() == 1


@pytest.mark.parametrize("frequency", [0, -1, 10_001, math.nan])
def test_a_frequency_that_no_software_keeps_is_refused(frequency):
    with pytest.raises(ValueError, match=r"wanted 0\.1 to 10000 Hz"):
        PWM(None, frequency=frequency)
