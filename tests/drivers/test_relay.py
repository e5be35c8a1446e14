import pytest

from drivers.base.errors import NotReady
from drivers.base.pins import PinPort
from drivers.relay import Relay
from simulators.clock import VirtualClock
from simulators.pins import SimulatedPins
from simulators.relay import Relay as Model


@pytest.fixture
def pins():
    return SimulatedPins(VirtualClock())


@pytest.fixture(params=[False, True], ids=["active high", "active low"])
def board(request, pins):
    """A relay and its model, of either polarity."""
    model = Model(VirtualClock(), pins.pin(22), active_low=request.param)
    return Relay(PinPort(pins, 22, "fan@gpio"), active_low=request.param), model


@pytest.mark.parametrize("value, on", [(0, False), (1, True), (0.5, True)])
def test_a_relay_is_on_for_anything_but_0(board, value, on):
    relay, model = board
    relay.apply(value)
    assert model.on is on
    assert relay.state() == on


@pytest.mark.parametrize("level", [False, True])
def test_a_relay_that_starts_off_never_clicks(board, pins, level):
    relay, model = board
    pins.pin(22).drive(level)
    relay.apply(0)
    relay.apply(0)
    assert (model.on, model.clicks) == (False, 0)


def test_a_relay_that_starts_on_clicks_once(board):
    relay, model = board
    relay.apply(1)
    assert (model.on, model.clicks) == (True, 1)


def test_nothing_switches_before_the_first_setting(board):
    _, model = board
    assert (model.on, model.clicks) == (False, 0)


def test_the_state_is_what_the_pin_has_not_what_was_asked_for(board, pins):
    relay, _ = board
    relay.apply(1)
    pins.pin(22).state = not pins.pin(22).state
    assert relay.state() == 0


def test_a_relay_has_no_state_before_the_first_setting(board):
    relay, _ = board
    with pytest.raises(NotReady, match="fan@gpio:22: the pin is not claimed yet"):
        relay.state()


def test_a_closed_relay_drops_and_can_be_used_again(board):
    relay, model = board
    relay.apply(1)
    relay.close()
    relay.close()
    assert model.on is False
    relay.apply(1)
    assert model.on is True
