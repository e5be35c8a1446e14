import pytest

from drivers.base.pins import PinPort
from drivers.buzzer import Buzzer
from simulators import buzzer
from simulators.clock import VirtualClock
from simulators.pins import SimulatedPins


@pytest.fixture
def pins():
    factory = SimulatedPins(VirtualClock())
    yield factory
    factory.close()


@pytest.mark.parametrize("tone", [0, 440, 4000])
def test_a_buzzer_sounds_while_it_is_on(pins, tone):
    model = buzzer.Buzzer(VirtualClock(), pins.pin(13), tone=tone)
    alarm = Buzzer(PinPort(pins, 13), tone=tone)
    for value in (0, 1, 0, 1):
        alarm.apply(value)
        assert model.sounds is bool(value)
        assert alarm.state() == value
    alarm.close()
    assert not model.sounds


def test_a_passive_buzzer_swings_at_its_tone(pins):
    alarm = Buzzer(PinPort(pins, 13), tone=440)
    alarm.apply(1)
    assert pins.pin(13).frequency == 440
    alarm.close()


@pytest.mark.parametrize("tone", [-1, 99, 10_001])
def test_a_tone_beyond_hearing_is_refused(pins, tone):
    with pytest.raises(ValueError, match="wanted 100 to 10000 Hz"):
        Buzzer(PinPort(pins, 13), tone=tone)
