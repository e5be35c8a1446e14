"""The example of fleet rules does what it says."""

from pathlib import Path

import pytest

from consumers.alerts.notify.targets import problems_of
from consumers.alerts.plan import load_plan
from tests.consumers.alerts.conftest import START, Fleet

EXAMPLE = Path(__file__).parents[3] / "examples/fleet-alerts.toml"
FRIDAY_NOON = START + 3 * 3_600_000_000  # 2027-01-15 12:00 in Berlin
MIDNIGHT = FRIDAY_NOON + 12 * 3_600_000_000


def fired(fleet):
    return {(rule, node) for rule, node, state in fleet.reported() if state == "firing"}


@pytest.fixture
def example():
    """A function: the fleet of the example at a time."""
    return lambda now: Fleet(load_plan(EXAMPLE, problems_of), now=now)


def test_two_warm_nodes_are_a_heat_wave(example):
    fleet = example(FRIDAY_NOON).send("greenhouse", temperature=31).send("cellar", temperature=31)
    assert fired(fleet) == {("heat_wave", "")}
    fleet.send("cellar", temperature=29)
    assert fleet.reported() == []
    fleet.send("cellar", temperature=27)
    assert fleet.reported() == [("heat_wave", "", "resolved")]


def test_after_work_each_warm_node_is_an_alert_and_so_is_an_open_door(example):
    fleet = example(MIDNIGHT)
    for _ in range(6):
        fleet.send("cellar", temperature=31).send("shed", device="door", active=1).wait(30)
    assert fired(fleet) == {("too_warm", "cellar"), ("door_open_at_night", "")}


def test_a_node_that_has_to_exist_and_frost_are_found(example):
    fleet = example(FRIDAY_NOON)
    for _ in range(61):
        fleet.send("greenhouse", temperature=4).wait(30)
    found = fleet.transitions()
    names = {(one.rule, one.node) for one in found if one.state == "firing"}
    assert names == {("frost", ""), ("node_silent", "cellar")}
    assert "4.0 °C in the greenhouse" in {one.message for one in found}


def test_the_wetter_cellar_is_found_by_its_mean(example):
    fleet = example(FRIDAY_NOON)
    for _ in range(62):
        fleet.send("cellar", humidity=80).send("outside", humidity=60).wait(60)
    assert ("cellar_wetter_than_outside", "") in fired(fleet)
