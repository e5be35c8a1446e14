"""The agent of ten sensors, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def agent(port: int, directory: Path, interval: str, *overrides: str) -> Iterator[int]:
    """Run the agent on simulated chips in a process of its own; yield its pid."""
    words = [str(port), str(directory), interval, *overrides]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.idle", *words])
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()
