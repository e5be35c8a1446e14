"""The agent of ten sensors, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.store.event_log import EventLog


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
