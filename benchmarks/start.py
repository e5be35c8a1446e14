"""The agent of ten sensors, which prints when it has its first reading.

python -m benchmarks.start PORT DIRECTORY TRUSTED
"""

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.idle import Chips, configuration
from edge_agent.agent import Agent
from edge_agent.assembly.control import Control
from edge_agent.blueprint import resolve
from edge_agent.clock import Moment, SystemClock
from edge_agent.evaluate.engine_items import Shown
from edge_agent.events import Reading

if TYPE_CHECKING:
    from edge_agent.acquire.hardware import Hardware


class UnsetClock(SystemClock):
    """The clock of a Pi without a clock chip and network."""

    def now(self) -> Moment:
        """Return this instant, of which only the uptime can be trusted."""
        return super().now()._replace(trusted=False)


class FirstReading:
    """Prints when the first reading was there, in monotonic seconds."""

    def __init__(self) -> None:
        self._printed = threading.Event()

    def put(self, shown: Shown) -> None:
        """Take what the engine shows."""
        if isinstance(shown, Reading) and not self._printed.is_set():
            self._printed.set()
            print(time.monotonic(), flush=True)


def main() -> None:
    """Run until ended."""
    port, directory, trusted = sys.argv[1:]
    blueprint = resolve(configuration(int(port), Path(directory), "1s"))
    agent = Agent(
        blueprint,
        cast("Hardware", Chips()),
        Path(blueprint.config.log.path),
        control=Control(),
        clock=SystemClock(lambda: True) if int(trusted) else UnsetClock(),
        reread=lambda: blueprint,
        watch=FirstReading().put,
    )
    agent.run()


if __name__ == "__main__":
    main()
