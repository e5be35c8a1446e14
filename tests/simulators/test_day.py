import pytest

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import resolve
from tests.simulators.day import Day

HOUR = 3600
PARTS = [pytest.param(slice(n, None, 6), id=f"part {n + 1} of 6") for n in range(6)]


@pytest.mark.parametrize("file", ["greenhouse", "everything"])
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.nightly)])
def test_whatever_goes_wrong_in_an_hour_no_value_is_wrong(root, file, seed):
    assert Day(root / f"examples/{file}.toml", seed, HOUR).wrong() == {}


@pytest.mark.parametrize("part", PARTS)
def test_in_three_hours_every_fault_strikes_no_value_is_wrong_and_every_device_recovers(root, part):
    day = Day(root / "examples/everything.toml", 5, 3 * HOUR, part)
    assert (day.wrong(), day.idle_faults(), day.tired()) == ({}, [], {})


@pytest.mark.nightly
@pytest.mark.parametrize("part", PARTS)
def test_in_a_day_every_fault_strikes_no_value_is_wrong_and_every_device_recovers(root, part):
    day = Day(root / "examples/everything.toml", 4, 24 * HOUR, part)
    assert (day.wrong(), day.idle_faults(), day.tired()) == ({}, [], {})


@pytest.mark.nightly
def test_whatever_goes_wrong_in_a_day_in_the_greenhouse_no_value_is_wrong(root):
    assert Day(root / "examples/greenhouse.toml", 4, 24 * HOUR).wrong() == {}


def test_everything_has_every_driver(root):
    resolved = resolve(root / "examples/everything.toml").placed
    assert {one.settings.driver for one in resolved} == set(Catalog("edge_agent.drivers").names)
