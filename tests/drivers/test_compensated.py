"""Every driver that computes with what another device measures: which options, and what not."""

import pytest

from drivers.base.channel import UNITS
from drivers.base.driver import is_sensor
from drivers.base.members import Compensated
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.options import options
from edge_agent.testing import Bench

CATALOG = Catalog("edge_agent.drivers")
MODELS = Catalog("edge_agent.simulators")
NAMES = [
    name
    for name in CATALOG.names
    if is_sensor(CATALOG.load(name)) and isinstance(CATALOG.load(name), Compensated)
]
PAIRS = [(name, option) for name in NAMES for option in CATALOG.load(name).compensations]


def test_co2_and_gas_sensors_are_such():
    assert set(NAMES) >= {"scd30", "scd4x", "sgp30", "sgp40"}


@pytest.mark.parametrize("name, option", PAIRS)
def test_each_is_an_option_that_may_name_a_channel_of_a_quantity(name, option):
    driver = CATALOG.load(name)
    kind = {one.name: one for one in options(driver)}[option]
    assert (kind.default, kind.quantity) == (None, driver.compensations[option])
    assert kind.quantity in UNITS


@pytest.mark.parametrize("name, option", PAIRS)
@pytest.mark.parametrize("value", [None, -1e9, 1e9])
def test_what_cannot_be_true_or_is_not_there_changes_no_value(name, option, value, monkeypatch):
    settle = {"scd4x": 5.1, "scd30": 2.1}.get(name, 0.0)
    given = dict.fromkeys(CATALOG.load(name).compensations, "attic.channel")
    model = MODELS.load(name)
    monkeypatch.setattr(model, "warm_up", 0.0, raising=False)  # an ENS160 was warmed up before
    bench = Bench(CATALOG.load(name), model, settle=settle, **given).expose()
    bench.device.compensate(option, value)
    values = bench.read()
    assert values
    assert not bench.wrong(values)
