"""Sensors at 1 Hz, as on a Pi: the whole agent on simulated chips, in a process of its own.

python -m benchmarks.idle PORT DIRECTORY INTERVAL [COUNT] [KEY=VALUE]...   COUNT is 10 if not given
"""

import sys
from pathlib import Path

from benchmarks.i2c_agent import I2COnly, run_agent
from benchmarks.meter import MeteredBus, meter
from edge_agent.blueprint import resolve
from simulators.bme280 import BME280
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.model import I2CModel
from simulators.sht4x import SHT4x

HEAD = """
node = "idle"
[mqtt]
url = "mqtt://127.0.0.1:{port}"
[log]
path = "{directory}/idle.db"
commit_interval = "{interval}"
"""
DEVICE = """
[[device]]
name = "{driver}_{n}"
driver = "{driver}"
bus = {bus}
address = {address}
every = "1s"
"""
COUNT = 10


class WindyBME280(BME280):
    """In air that moves: if it stood still to the last bit, a driver would read it twice."""

    def __init__(self, clock: RealClock) -> None:
        self._messages = 0
        super().__init__(clock)

    def write(self, data: bytes) -> None:
        """Take a message, while the pressure moves by 0.1 hPa."""
        self._messages += 1
        self.set("atmospheric_pressure", 1013 + self._messages % 100 / 10)
        super().write(data)


MODELS: dict[str, type[I2CModel]] = {"sht4x": SHT4x, "bme280": WindyBME280}


def places(count: int) -> list[tuple[str, int, int]]:
    """Return driver, bus and address of each chip, two of them slower than the rest."""
    quick = [("sht4x", n // 3 + 1, 0x44 + n % 3) for n in range(count - 2)]
    return quick + [("bme280", n + 1, 0x76) for n in range(2)]


class Chips(I2COnly):
    """Hardware with I2C buses only, as of a Pi with so many chips."""

    def __init__(self, count: int = COUNT) -> None:
        clock, spent = RealClock(), meter()
        buses = {bus: SimulatedBus(clock) for _, bus, _ in places(count)}
        for driver, bus, address in places(count):
            buses[bus].attach(address, MODELS[driver](clock))
        self._buses = {
            number: MeteredBus(bus, spent, n) for n, (number, bus) in enumerate(buses.items())
        }

    def i2c(self, number: int) -> MeteredBus:
        """Return a bus."""
        return self._buses[number]


def configuration(port: int, directory: Path, interval: str, count: int = COUNT) -> Path:
    """Write the configuration and return its path."""
    path = directory / "idle.toml"
    devices = [
        DEVICE.format(driver=driver, n=n, bus=bus, address=address)
        for n, (driver, bus, address) in enumerate(places(count))
    ]
    path.write_text(
        HEAD.format(port=port, directory=directory, interval=interval) + "".join(devices)
    )
    return path


def main() -> None:
    """Run until killed."""
    port, directory, interval, *overrides = sys.argv[1:]
    count = int(overrides.pop(0)) if overrides and overrides[0].isdigit() else COUNT
    file = configuration(int(port), Path(directory), interval, count)
    run_agent(resolve(file, overrides), Chips(count), file, tuple(overrides))


if __name__ == "__main__":
    main()
