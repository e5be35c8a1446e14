"""The installed pairs of a driver and the model of its chip, found by entry points."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any, NamedTuple


class Pair(NamedTuple):
    """A driver and the model of its chip."""

    name: str
    driver: type[Any]
    model: type[Any]


def i2c_sensors() -> Iterator[Pair]:
    """Yield the pairs that share an I2C bus with any other."""
    models = {entry.name: entry for entry in entry_points(group="edge_agent.simulators")}
    for entry in sorted(entry_points(group="edge_agent.drivers")):
        if entry.name in models:
            driver = entry.load()
            if driver.bus == "i2c" and hasattr(driver, "measure"):
                yield Pair(entry.name, driver, models[entry.name].load())
