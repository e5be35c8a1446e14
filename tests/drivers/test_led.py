import pytest

from drivers.base.errors import OutOfRange
from drivers.base.pins import PinPort
from drivers.led import LED
from simulators import led
from simulators.clock import VirtualClock
from simulators.pins import SimulatedPins


@pytest.fixture
def pins():
    factory = SimulatedPins(VirtualClock())
    yield factory
    factory.close()


@pytest.mark.parametrize("active_low", [False, True])
@pytest.mark.parametrize("value", [0, 0.25, 0.5, 1])
def test_an_led_is_as_bright_as_it_is_set(pins, active_low, value):
    model = led.LED(VirtualClock(), pins.pin(18), active_low=active_low)
    lamp = LED(PinPort(pins, 18), active_low=active_low)
    lamp.apply(value)
    assert model.brightness == pytest.approx(value, abs=0.01)
    assert lamp.state() == pytest.approx(value, abs=0.01)
    lamp.close()
    assert model.brightness == 0


@pytest.mark.parametrize("active_low", [False, True])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_brightness_beyond_its_ends_is_refused(pins, active_low, value):
    with pytest.raises(OutOfRange):
        LED(PinPort(pins, 18), active_low=active_low).apply(value)
