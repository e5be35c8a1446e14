"""`edge-agent drivers`: one by name, those for a quantity, and a table to copy for each."""

import json

import pytest

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import resolve
from edge_agent.commands.driver_example import example

CATALOG = Catalog("edge_agent.drivers")


@pytest.mark.parametrize("name", CATALOG.names)
def test_the_example_of_a_driver_passes_check(config, name):
    blueprint = resolve(config(example(name, CATALOG.load(name)), "one.toml"))
    assert [one.name for one in blueprint.placed] == [name]


def test_one_driver_is_described_with_its_example(edge_agent):
    text = edge_agent("drivers", "bme280").out
    assert text.startswith("bme280  (i2c 0x76 0x77)")
    assert '    driver = "bme280"\n    address = 0x76\n' in text
    assert "sht4x" not in text


def test_the_default_of_an_option_of_a_quantity_is_the_option_for_all(edge_agent):
    text = edge_agent("drivers", "bme280").out
    assert "humidity_oversampling: one of 1, 2, 4, 8, 16; default: as oversampling\n" in text


def test_a_name_in_capitals_is_answered_with_the_drivers_own(edge_agent):
    done = edge_agent("drivers", "BME280")
    assert done.code == 2
    assert "driver = \"BME280\": unknown driver; did you mean 'bme280'?" in done.err


def names(edge_agent, *words):
    return set(json.loads(edge_agent("drivers", "--json", *words).out))


@pytest.mark.parametrize("asked", ["co2", "CO2", "carbon_dioxide", "carbon-dioxide"])
def test_drivers_are_found_by_what_they_measure(edge_agent, asked):
    assert names(edge_agent, "--measures", asked) >= {"scd30", "scd4x", "mhz19"}
    assert "bme280" not in names(edge_agent, "--measures", asked)


def test_a_driver_that_measures_what_its_user_says_is_found_by_any_quantity(edge_agent):
    found = names(edge_agent, "--measures", "energy")
    assert found >= {"pulse", "modbus", "i2c_registers", "command"}
    assert not found & {"relay", "bme280"}


def test_an_unknown_quantity_is_answered_with_the_nearest(edge_agent):
    done = edge_agent("drivers", "--measures", "temprature")
    assert done.code == 2
    assert "did you mean 'temperature'?" in done.err
