"""The agent of fifty devices that together give 1,000 readings a second, one after the other.

python -m benchmarks.paced_agent PORT DIRECTORY [KEY=VALUE]...

Each device is measured every 50 ms, and its conversion takes one millisecond longer than that of
the device before it: so each reading is a step of its own, as of chips that know of no other.
"""

import sys
from pathlib import Path
from typing import Any, ClassVar, cast

from benchmarks.events import CHANNELS, values
from benchmarks.i2c_agent import I2COnly, run_agent
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values
from edge_agent.blueprint import Blueprint, resolve

DEVICES, EVERY = 50, 0.05
ADDRESSES = (0x44, 0x45, 0x46)  # of the chips of one bus
CONFIG = """
node = "paced"
[mqtt]
url = "mqtt://127.0.0.1:{port}"
[log]
path = "{directory}/paced.db"
"""
DEVICE = """
[[device]]
name = "air{n}"
driver = "sht4x"
bus = {bus}
address = {address}
every = "50ms"
"""


class Converting:
    """A chip whose conversion takes `seconds`; its values differ from those before."""

    bus: ClassVar[BusKind] = "i2c"
    channels: tuple[Channel, ...] = CHANNELS

    def __init__(self, _port: object, *, seconds: float) -> None:
        self._seconds = seconds
        self._count = 0

    def setup(self) -> Steps[None]:
        """Do nothing."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Wait for the conversion."""
        yield self._seconds
        self._count += 1
        return values(self._count)


class Buses(I2COnly):
    """Hardware with I2C buses on which nothing is ever transferred."""

    def i2c(self, _number: int) -> None:
        """Return nothing."""


def configured(file: Path, overrides: list[str]) -> Blueprint:
    """Return the blueprint of the file, with drivers that transfer nothing."""
    blueprint = resolve(file, overrides)
    driver = cast("Any", Converting)
    devices = tuple(
        device._replace(driver=driver, options={"seconds": n * EVERY / DEVICES}, channels=CHANNELS)
        for n, device in enumerate(blueprint.devices)
    )
    return blueprint._replace(devices=devices)


def written(port: int, directory: Path) -> Path:
    """Write the configuration and return its path."""
    file = directory / "paced.toml"
    places = [(n, 1 + n // len(ADDRESSES), ADDRESSES[n % len(ADDRESSES)]) for n in range(DEVICES)]
    devices = [DEVICE.format(n=n, bus=bus, address=address) for n, bus, address in places]
    file.write_text(CONFIG.format(port=port, directory=directory) + "".join(devices))
    return file


def main() -> None:
    """Run until killed."""
    port, directory, *overrides = sys.argv[1:]
    file = written(int(port), Path(directory))
    run_agent(configured(file, overrides), Buses(), file, tuple(overrides))


if __name__ == "__main__":
    main()
