"""The installed pairs of a driver and the model of its chip, found by entry points."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from drivers.base.driver import Driver, DriverClass, addresses_of, is_sensor
from edge_agent.plugins import plugins
from simulators.model import I2CModel


class Pair(NamedTuple):
    """A driver and the model of its chip."""

    name: str
    driver: type[Driver]
    model: type[I2CModel]


@cache
def i2c_sensors() -> tuple[Pair, ...]:
    """Return the pairs that share an I2C bus with any other, and whose chip has an address."""
    return tuple(_pairs())


def _pairs() -> Iterator[Pair]:
    models = {entry.name: entry for entry in plugins("edge_agent.simulators")}
    for entry in sorted(plugins("edge_agent.drivers")):
        if entry.name in models:
            driver: DriverClass = entry.load()
            if addresses_of(driver) and is_sensor(driver):
                yield Pair(entry.name, driver, models[entry.name].load())
