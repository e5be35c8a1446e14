from typing import get_args, get_origin

import pytest

from drivers.base.channel import Channel
from drivers.base.declared import DeclaredChannel
from drivers.base.driver import (
    addresses_of,
    channels_of,
    is_output,
    is_sensor,
    more_pins_of,
    shares_chip,
)
from drivers.bme280 import BME280
from drivers.hcsr04 import HCSR04
from drivers.mcp23017 import MCP23017, MCP23017Output
from drivers.pcf8574 import PCF8574, PCF8574Output
from drivers.relay import Relay
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.options import options

ANY_ADDRESS = {"i2c_registers"}
CATALOG = Catalog("edge_agent.drivers")


def declares_channels(driver):
    """Return whether the configuration declares the channels of a driver."""
    kinds = [get_args(one.kind)[0] for one in options(driver) if get_origin(one.kind) is tuple]
    return any(isinstance(kind, type) and issubclass(kind, DeclaredChannel) for kind in kinds)


@pytest.mark.parametrize("name", CATALOG.names)
def test_an_installed_driver_is_either_a_sensor_with_channels_or_an_output(name):
    driver = CATALOG.load(name)
    assert is_sensor(driver) != is_output(driver)
    has_channels = bool(channels_of(driver)) or declares_channels(driver)
    assert has_channels == is_sensor(driver)
    assert all(isinstance(channel, Channel) for channel in channels_of(driver))


@pytest.mark.parametrize("name", CATALOG.names)
def test_exactly_the_drivers_of_i2c_chips_have_addresses(name):
    driver = CATALOG.load(name)
    assert bool(addresses_of(driver)) == (driver.bus == "i2c" and name not in ANY_ADDRESS)


def test_a_class_that_declares_nothing_special_has_the_defaults():
    assert addresses_of(Relay) == ()
    assert channels_of(Relay) == ()
    assert more_pins_of(Relay) == ()
    assert shares_chip(Relay)


def test_a_class_may_declare_addresses_and_further_pins():
    assert addresses_of(BME280) == (0x76, 0x77)
    assert more_pins_of(HCSR04) == ("echo",)


def test_only_an_expander_without_a_direction_register_does_not_share_its_chip():
    assert [shares_chip(driver) for driver in (PCF8574, PCF8574Output)] == [False, True]
    assert [shares_chip(driver) for driver in (MCP23017, MCP23017Output)] == [True, True]
