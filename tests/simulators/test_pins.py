import pytest
from gpiozero import DigitalInputDevice, OutputDevice

from simulators.clock import VirtualClock
from simulators.contact import Contact
from simulators.pins import SimulatedPins
from simulators.relay import Relay


class Edges:
    """What a pin's user gets to know."""

    def __init__(self):
        self.seen = []

    def note(self, ticks, level):
        self.seen.append((ticks, level))


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def pins(clock):
    return SimulatedPins(clock)


@pytest.fixture
def watched(pins):
    """A function: claim an input with gpiozero and return the edges it has seen so far."""
    devices = []

    def watch(number, **options):
        edges = Edges()
        devices.append((DigitalInputDevice(number, pin_factory=pins, **options), edges))
        devices[-1][0].pin.when_changed = edges.note
        return edges

    return watch


def test_a_pin_has_one_identity_for_its_circuit_and_its_user(pins):
    assert pins.pin(17) is pins.pin(17) is pins.pin("GPIO17")


@pytest.mark.parametrize("driven", [True, False])
@pytest.mark.parametrize("pull_up", [True, False])
def test_a_circuit_outside_is_stronger_than_a_pull_resistor(pins, driven, pull_up):
    pins.pin(17).drive(driven)
    device = DigitalInputDevice(17, pull_up=pull_up, pin_factory=pins)
    assert device.pin.state is driven


@pytest.mark.parametrize("pull_up", [True, False])
def test_a_pin_that_is_not_driven_follows_its_pull_resistor(pins, pull_up):
    device = DigitalInputDevice(17, pull_up=pull_up, pin_factory=pins)
    device.pin.drive(not pull_up)
    device.pin.drive(None)
    assert device.pin.state is pull_up


def test_edges_carry_the_time_of_the_simulation(clock, pins, watched):
    edges = watched(17, pull_up=True)
    clock.advance(3.5)
    pins.pin(17).drive(False)
    clock.advance(0.25)
    pins.pin(17).drive(True)
    assert edges.seen == [(3.5, False), (3.75, True)]


def test_a_kernel_reports_an_edge_late_but_with_its_own_time(clock, pins, watched):
    edges = watched(17, pull_up=True)
    clock.advance(3.5)
    pins.pin(17).drive(False, at=3.25)
    pins.pin(17).drive(True)
    assert edges.seen == [(3.25, False), (3.5, True)]


def test_a_level_that_stays_is_no_edge(pins, watched):
    edges = watched(17, pull_up=True)
    pins.pin(17).drive(True)
    assert edges.seen == []


def test_a_day_of_edges_leaves_nothing_behind(pins, watched):
    watched(17, pull_up=True)
    for _ in range(10_000):
        pins.pin(17).drive(False)
        pins.pin(17).drive(True)
    assert len(pins.pin(17).states) == 0


def test_an_output_is_not_driven_from_outside(pins):
    device = OutputDevice(22, initial_value=True, pin_factory=pins)
    device.pin.drive(False)
    assert device.value == 1


@pytest.mark.parametrize("active_low", [True, False])
@pytest.mark.parametrize("pull_up", [True, False])
def test_a_contact_makes_its_pin_active_with_any_pull(clock, pins, active_low, pull_up):
    contact = Contact(clock, pins.pin(17), active_low=active_low)
    device = DigitalInputDevice(17, pull_up=pull_up, pin_factory=pins)
    for active in (0, 1, 0):
        contact.set("active", active)
        assert device.pin.state is (bool(active) != active_low)


def test_a_contact_bounces_for_milliseconds_and_ends_where_it_was_set(clock, pins, watched):
    contact = Contact(clock, pins.pin(17))
    edges = watched(17, pull_up=True)
    contact.set("active", 1)
    assert len(edges.seen) == 2 * contact.bounces + 1
    assert edges.seen[-1] == (clock.monotonic(), False)
    assert 0 < clock.monotonic() < 0.02


def test_a_contact_that_is_set_again_stays_as_it_is(clock, pins, watched):
    contact = Contact(clock, pins.pin(17))
    contact.set("active", 1)
    edges = watched(17, pull_up=True)
    contact.set("active", 1)
    assert edges.seen == []


def test_a_contact_has_no_other_input(clock, pins):
    with pytest.raises(KeyError, match="Contact has no input 'open'"):
        Contact(clock, pins.pin(17)).set("open", 1)


@pytest.mark.parametrize("active_low", [False, True])
def test_a_relay_switches_when_its_pin_is_driven_to_the_active_level(clock, pins, active_low):
    relay = Relay(clock, pins.pin(22), active_low=active_low)
    device = OutputDevice(22, active_high=not active_low, pin_factory=pins)
    assert (relay.on, relay.clicks) == (False, 0)
    device.on()
    assert (relay.on, relay.clicks) == (True, 1)
    device.off()
    assert (relay.on, relay.clicks) == (False, 2)


@pytest.mark.parametrize("active_low", [False, True])
def test_a_relay_drops_when_its_pin_is_given_back(clock, pins, active_low):
    relay = Relay(clock, pins.pin(22), active_low=active_low)
    device = OutputDevice(22, active_high=not active_low, initial_value=True, pin_factory=pins)
    device.close()
    assert relay.on is False


def test_a_relay_hears_a_pin_that_becomes_an_output_before_it_has_its_level(clock, pins):
    relay = Relay(clock, pins.pin(22), active_low=True)
    pins.pin(22).function = "output"
    pins.pin(22).state = True
    assert (relay.on, relay.clicks) == (False, 2)
