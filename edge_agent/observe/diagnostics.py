"""The agent's own figures: the answer to the command `diagnostics`."""

import resource
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from edge_agent.clock import Clock


def collect_diagnostics(
    node: str, stats: dict[str, Any], clock: Clock, notices: Mapping[str, str]
) -> dict[str, Any]:
    """Return version, threads, memory in MB, CPU time in s, notices and the log's account."""
    return {
        "version": version("edge-agent"),
        "node": node,
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "largest_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "clock_set": clock.now().trusted,
        "notices": dict(notices),
        "log": stats,
    }
