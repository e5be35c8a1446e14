"""A relay that follows a sensor, in a process of its own: its delay after each reading.

python -m benchmarks.relay DIRECTORY   prints JSON when there is a file named stop in it.
No broker listens at its port.
"""

import json
import sys
import time
from pathlib import Path

from edge_agent.agent import Agent
from edge_agent.assembly.control import Control
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.commands.simulation import simulated_hardware
from edge_agent.evaluate.engine_items import Shown
from edge_agent.events import Switched

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
set = { fan = "on" }
"""
DEVICE = """
[[device]]
name = "chip%d"
driver = "sht4x"
bus = %d
every = "%s"
"""
SCENARIO = """
[signal."chip0.temperature"]
kind = "pulses"
every = 0.2
lasts = 0.1
low = 20
high = 30
"""


class Watch:
    """Records when the relay switched, in seconds since 1970, and the ms since the reading."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.samples: list[tuple[float, float]] = []

    def __call__(self, news: Shown) -> None:
        """Take what the engine shows, right after it has switched an output."""
        if isinstance(news, Switched):
            ms = (self._clock.now().uptime - news.moment.uptime) / 1000
            self.samples.append((time.time(), ms))


def main() -> None:
    """Run until there is a file named stop."""
    directory = Path(sys.argv[1])
    config = directory / "relay.toml"
    config.write_text(CONFIG + "".join(DEVICE % (n, n, "1s" if n else "50ms") for n in range(10)))
    config.with_suffix(".scenario.toml").write_text(SCENARIO)
    blueprint = resolve(config)
    hardware = simulated_hardware(blueprint, config)
    watch = Watch()
    agent = Agent(
        blueprint,
        hardware,
        config.with_suffix(".db"),
        control=Control(),
        clock=SystemClock(),
        reread=lambda: blueprint,
        watch=watch,
    )
    agent.start()
    while not (directory / "stop").exists():
        time.sleep(0.2)
    samples = watch.samples[20:]  # after the start
    agent.stop()
    print(json.dumps(samples))


if __name__ == "__main__":
    main()
