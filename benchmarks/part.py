"""One part of `make bench`, in a process of its own.

python -m benchmarks.part NAME   prints each row as a line of JSON
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.broker import mosquitto
from benchmarks.row import Row


class Part(NamedTuple):
    """A function that yields rows, and its module; `broker`: it takes the port of one."""

    module: str
    function: str
    broker: bool = False

    def rows(self) -> Iterator[Row]:
        """Measure; only now is the module imported, which an earlier agent may not suit."""
        measure = getattr(import_module(f"benchmarks.{self.module}"), self.function)
        if not self.broker:
            yield from measure()
            return
        with mosquitto() as port:
            yield from measure(port)


PARTS = {
    "throughput": Part("throughput", "throughput", broker=True),
    "paced": Part("paced", "paced", broker=True),
    "latency": Part("whole_agent", "latency", broker=True),
    "start": Part("whole_agent", "start", broker=True),
    "engine": Part("engine", "engine"),
    "relay": Part("relay_delay", "relays"),
    "storm": Part("storm_losses", "stormy"),
    "idle": Part("whole_agent", "idle", broker=True),
    "scraped": Part("whole_agent", "scraped", broker=True),
    "page": Part("page", "page", broker=True),
    "history": Part("history", "history"),
    "bridge": Part("bridge", "bridges"),
    "kafka": Part("kafka", "kafka"),
    "kafka_source": Part("kafka_source", "kafka_source"),
    "amqp": Part("amqp", "amqp"),
    "aggregate": Part("aggregate", "aggregate"),
}


def measured(name: str, tree: Path | None = None) -> Iterator[Row]:
    """Yield the rows of a part as they come, and one that misses its target if the part fails.

    `tree` has an earlier agent, which is measured then.
    """
    command = [sys.executable, "-m", "benchmarks.part", name]
    errors = subprocess.DEVNULL if tree else None  # it may not suit the benchmarks of today
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=tree
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield Row(*json.loads(line))
    if process.returncode:
        yield Row(failure(name), float(process.returncode), "", None, 0)


def failure(name: str) -> str:
    """Return the name of the row of a part that has failed."""
    return f"{name} fails"


def main() -> None:
    """Measure one part."""
    (name,) = sys.argv[1:]
    for row in PARTS[name].rows():
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
