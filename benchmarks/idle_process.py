"""The agent of ten sensors, in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

START = 60.0  # s until the first events are in the log, at most
SETTLE = 10.0  # s in which the work of a start ends


@contextmanager
def agent(port: int, directory: Path, interval: str, *overrides: str) -> Iterator[int]:
    """Run the agent on simulated chips in a process of its own; yield its pid."""
    EventLog.open(directory / "idle.db", boot="").close()  # as at any start but the first
    words = [str(port), str(directory), interval, *overrides]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.idle", *words])
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def settle(directory: Path) -> None:
    """Wait until the agent has recorded its first events, and a while longer."""
    deadline = time.monotonic() + START
    with closing(LogReader(directory / "idle.db")) as log:
        while log.last_offset() == 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the agent has recorded nothing within {START:.0f} s")
            time.sleep(0.1)
    time.sleep(SETTLE)
