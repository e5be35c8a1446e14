"""What a driver computes with that another device measures: while it is new enough."""

import pytest

from edge_agent.acquire.compensation import CompensationSource
from edge_agent.clock import Moment
from edge_agent.events import Reading
from tests.acquire.conftest import Chip

SOURCE = CompensationSource("pressure_from", "attic", "atmospheric_pressure", 30.0)


class Compensated(Chip):
    """A chip whose driver notes with what it computes."""

    compensations = {"pressure_from": "atmospheric_pressure"}

    def __init__(self, clock, **given):
        super().__init__(clock, **given)
        self.given = []

    def compensate(self, option, value):
        self.given.append((option, value))


@pytest.fixture
def compensated(bus, clock):
    chip = Compensated(clock)
    bus.connect(office=(chip, 10, 5.0, 0, (SOURCE,)))
    return chip


def arrived(bus, device="attic", **values):
    uptime = bus.clock.now().uptime
    bus.inbox.put(Reading(device, Moment(uptime, uptime, True), values))


def test_before_there_is_a_value_the_driver_gets_none(bus, compensated):
    bus.run(1)
    assert set(compensated.given) == {("pressure_from", None)}


def test_a_measurement_begins_with_the_latest_value(bus, compensated):
    bus.run(1)
    arrived(bus, atmospheric_pressure=980.0)
    arrived(bus, atmospheric_pressure=981.5, temperature=20.0)
    bus.run(12)
    assert compensated.given[-1] == ("pressure_from", 981.5)


def test_a_value_that_comes_during_the_setup_counts_for_the_first_measurement(bus, clock):
    chip = Compensated(clock, settling=2.0)
    bus.connect(office=(chip, 10, 5.0, 0, (SOURCE,))).run(1)
    arrived(bus, atmospheric_pressure=980.0)
    bus.run(2)
    assert chip.given == [("pressure_from", None), ("pressure_from", 980.0)]


@pytest.mark.parametrize(
    "device, channel", [("cellar", "atmospheric_pressure"), ("attic", "humidity")]
)
def test_what_others_measure_changes_nothing(bus, compensated, device, channel):
    arrived(bus, device, **{channel: 50.0})
    bus.run(12)
    assert compensated.given[-1] == ("pressure_from", None)


def test_a_value_counts_until_it_is_too_old(bus, compensated):
    arrived(bus, atmospheric_pressure=980.0)
    bus.run(25)
    assert compensated.given[-1] == ("pressure_from", 980.0)
    bus.run(20)
    assert compensated.given[-1] == ("pressure_from", None)


def test_a_reading_without_a_value_makes_the_last_one_no_older(bus, compensated):
    arrived(bus, atmospheric_pressure=980.0)
    bus.run(12)
    arrived(bus)
    bus.run(10)
    assert compensated.given[-1] == ("pressure_from", 980.0)
