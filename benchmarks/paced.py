"""A thousand readings a second, one after the other: the whole agent beside plain paho.

python -m benchmarks.paced   prints the figures of this part alone
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.broker import mosquitto
from benchmarks.measure import cpu_seconds, rss, switches
from benchmarks.row import Row
from benchmarks.scratch import scratch

SETTLE, SECONDS = 8, 20


class Paced(NamedTuple):
    """What each message cost; `switches` are those of threads, in a second."""

    rate: float
    cpu_us: float
    switches: float
    rss: float


def paced(port: int) -> Iterator[Row]:
    """Measure the agent and plain paho; both send an event for each reading."""
    alone = measured(port, [sys.executable, "-m", "benchmarks.paced_paho", str(port)])
    with scratch() as directory:
        agent = measured(port, agent_command(port, directory))
    yield from rows("plain paho, 1,000 messages/s", alone)
    yield from rows("agent, 1,000 readings/s", agent)
    yield Row("  CPU as a share of plain paho", agent.cpu_us / alone.cpu_us, "times", None, 1)


def agent_command(port: int, directory: Path) -> list[str]:
    """Return how to start the agent."""
    return [sys.executable, "-m", "benchmarks.paced_agent", str(port), str(directory)]


def rows(name: str, found: Paced) -> Iterator[Row]:
    """Yield the figures of one process."""
    yield Row(name, found.rate, "events/s")
    yield Row("  CPU", found.cpu_us, "µs/event")
    yield Row("  switches of threads", found.switches, "per s")
    yield Row("  RSS", found.rss, "MiB")


def measured(port: int, command: list[str]) -> Paced:
    """Run a publisher; return what each of its events cost, after a while."""
    arrived, close = subscriber(port)
    process = subprocess.Popen(command)
    try:
        time.sleep(SETTLE)
        events, cpu, switched = arrived(), cpu_seconds(process.pid), switches(process.pid)
        began = time.monotonic()
        time.sleep(SECONDS)
        seconds = time.monotonic() - began
        count = arrived() - events
        cpu, switched = cpu_seconds(process.pid) - cpu, switches(process.pid) - switched
        return Paced(count / seconds, cpu / count * 1e6, switched / seconds, rss(process.pid))
    finally:
        process.terminate()
        process.wait()
        close()


def subscriber(port: int) -> tuple[Callable[[], int], Callable[[], None]]:
    """Return how many events have arrived at a subscriber, and what ends it."""
    count = 0

    def take(*_: object) -> None:
        nonlocal count
        count += 1

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = take
    client.connect("127.0.0.1", port)
    client.subscribe("edge/+/event/#")
    client.loop_start()

    def close() -> None:
        client.disconnect()
        client.loop_stop()

    return lambda: count, close


if __name__ == "__main__":
    with mosquitto() as broker:
        for row in paced(broker):
            print(row, flush=True)
