"""A relay that follows a sensor, in a process of its own: its delay after each reading.

python -m benchmarks.relay DIRECTORY [hung] [busy] [KEY=VALUE]...
It prints JSON when there is a file named stop in the directory. No broker listens at its port. With
`hung`, a bus that hangs has a sensor and eight outputs. With `busy`, fifty sensors give 1,000
readings a second instead of ten that give thirty. KEY=VALUE sets a key of the configuration.
"""

import errno
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.agent import Agent
from edge_agent.assembly.control import Control
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.commands.simulation import simulated_hardware
from edge_agent.config.origin import ConfigOrigin
from edge_agent.evaluate.engine_items import Shown
from edge_agent.events import Switched
from simulators.hardware import SimulatedHardware

CONFIG = """
node = "relay"
[mqtt]
url = "mqtt://127.0.0.1:1"
[log]
commit_interval = "100ms"
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "warm"
when = "chip0.temperature > 25"
set = { %s }
"""
OUTPUT = """
[[output]]
name = "slow%d"
driver = "mcp23017_output"
bus = 90
pin = %d
"""
PIN = 22
HUNG, SLOW = 90, 8  # the number of the bus that hangs, and of its outputs
DEVICE = """
[[device]]
name = "chip{n}"
driver = "sht4x"
bus = {bus}
address = {address}
every = "{every}"
"""
ADDRESSES = (0x44, 0x45, 0x46)  # of the chips of one bus, if there are many
CALM, BUSY = 10, 50  # sensors
SCENARIO = """
[signal."chip0.temperature"]
kind = "pulses"
every = 0.2
lasts = 0.1
low = 20
high = 30
"""


class HungBus:
    """Each transfer takes as long as the kernel waits, and fails."""

    def i2c_rdwr(self, *_messages: object) -> None:
        """Raise OSError after a second."""
        time.sleep(1)
        raise OSError(errno.ETIMEDOUT, "timed out")


class Watch:
    """Records when the relay switched, in seconds since 1970, and the ms since the reading."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.samples: list[tuple[float, float]] = []
        self.managed = 0.0  # when the relay was first set, in seconds since 1970

    def __call__(self, news: Shown) -> None:
        """Take what the engine shows, right after it has switched an output."""
        if isinstance(news, Switched) and news.output == "fan":
            self.managed = self.managed or time.time()
            ms = (self._clock.now().uptime - news.moment.uptime) / 1000
            self.samples.append((time.time(), ms))


def configuration(*, hung: bool, busy: bool) -> str:
    """Return a configuration of many sensors, and of what is on the bus that hangs."""
    slow = range(SLOW if hung else 0)
    names = ["fan", *(f"slow{n}" for n in slow)]
    tables = [*(_busy() if busy else _calm()), *(OUTPUT % (n, n) for n in slow)]
    if hung:
        tables.append(DEVICE.format(n=HUNG, bus=HUNG, address=ADDRESSES[0], every="1s"))
    return CONFIG % ", ".join(f'{name} = "on"' for name in names) + "".join(tables)


def _calm() -> Iterator[str]:
    for n in range(CALM):
        yield DEVICE.format(n=n, bus=n, address=ADDRESSES[0], every="1s" if n else "50ms")


def _busy() -> Iterator[str]:
    for n in range(BUSY):
        bus, place = divmod(n, len(ADDRESSES))
        yield DEVICE.format(n=n, bus=bus, address=ADDRESSES[place], every="50ms")


def hang(hardware: SimulatedHardware) -> None:
    """Let one bus hang."""
    works = hardware.i2c
    vars(hardware)["i2c"] = lambda bus: HungBus() if bus == HUNG else works(bus)


def main() -> None:
    """Run until there is a file named stop."""
    directory = Path(sys.argv[1])
    config = directory / "relay.toml"
    config.write_text(configuration(hung="hung" in sys.argv, busy="busy" in sys.argv))
    config.with_suffix(".scenario.toml").write_text(SCENARIO)
    overrides = [word for word in sys.argv[2:] if "=" in word]
    blueprint = resolve(config, overrides)
    hardware = simulated_hardware(blueprint, config)
    hang(hardware)
    watch = Watch()
    agent = Agent(
        blueprint,
        hardware,
        config.with_suffix(".db"),
        control=Control(),
        clock=SystemClock(),
        reread=lambda: blueprint,
        watch=watch,
        origin=ConfigOrigin(config, tuple(overrides)),
    )
    agent.start()
    while not (directory / "stop").exists():
        time.sleep(0.2)
    samples = watch.samples[20:]  # after the start
    while not hardware.pins().pin(PIN).state:
        time.sleep(0.001)
    begin = time.time()
    agent.stop()
    safe = [(at - begin) * 1000 for at, _ in watch.samples if at > begin]
    result = {"samples": samples, "safe_ms": max(safe, default=0.0), "managed": watch.managed}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
