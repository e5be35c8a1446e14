"""Where the CPU of an agent goes, thread by thread: paced, idle, with many devices, at full speed.

python -m benchmarks.threads paced|idle|many|flood   prints the table of docs/performance.md

Only the process itself knows the names of its threads, so each profile is taken from inside.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.broker import mosquitto
from benchmarks.scratch import scratch
from benchmarks.whole_agent import MANY

SETTLE, SECONDS = 8, 20
FLOOD = 200_000  # events
BUSES = "buses"
RATES = {"paced": 1000, "idle": 10, "many": MANY}  # events a second
SENSORS = {"idle": ["1s"], "many": ["1s", str(MANY)]}  # arguments of `benchmarks.idle`
Spent = dict[str, tuple[float, int]]  # seconds of CPU and switches, by thread


def spent() -> Spent:
    """Return what each thread has used so far; those of all buses together."""
    found: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for thread in threading.enumerate():
        task = Path(f"/proc/self/task/{thread.native_id}")
        cpu = int((task / "schedstat").read_text().split()[0]) / 1e9
        lines = (task / "status").read_text().splitlines()
        switches = sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
        name = BUSES if thread.name.startswith("i2c") else thread.name
        before = found[name]
        found[name] = before[0] + cpu, before[1] + switches
    return found


def report_later() -> None:
    """Print what the threads use for a while, and end the process."""
    time.sleep(SETTLE)
    before, began = spent(), time.monotonic()
    time.sleep(SECONDS)
    seconds = time.monotonic() - began
    now = spent()
    used = {
        name: ((cpu - before[name][0]) / seconds, (switches - before[name][1]) / seconds)
        for name, (cpu, switches) in now.items()
        if name in before
    }
    print(json.dumps(used), flush=True)
    os._exit(0)


def watched(run: Callable[[], None]) -> None:
    """Run an agent in this thread until the report is printed."""
    threading.Thread(target=report_later, name="report", daemon=True).start()
    run()


def flood(port: int, directory: Path) -> None:
    """Print the CPU of each thread, in a second, of as many events as can be delivered."""
    from benchmarks.pipeline import Pipeline, through  # noqa: PLC0415

    pipeline = Pipeline(port, directory, max_batch=1, interval=0.05)
    began = time.monotonic()
    through(pipeline, FLOOD)
    seconds = time.monotonic() - began
    used = {name: (cpu / seconds, switches / seconds) for name, (cpu, switches) in spent().items()}
    print(json.dumps({**used, "rate": (FLOOD / seconds, 0)}), flush=True)
    os._exit(0)


def inside(what: str, port: int, directory: Path) -> None:
    """Be the process whose threads are measured."""
    from benchmarks import idle, paced_agent  # noqa: PLC0415

    if what == "flood":
        flood(port, directory)
    sys.argv = ["", str(port), str(directory), *SENSORS.get(what, [])]
    watched(idle.main if what in SENSORS else paced_agent.main)


def rows(what: str) -> Iterator[str]:
    """Yield the lines of the table."""
    with mosquitto() as port, scratch() as directory:
        command = [sys.executable, "-m", "benchmarks.threads", what, str(port), str(directory)]
        done = subprocess.run(command, check=True, capture_output=True)
    used = json.loads(done.stdout)
    rate = RATES.get(what) or used.pop("rate")[0]
    yield "| thread | µs of CPU an event | switches a second |"
    yield "|---|---|---|"
    for name, (cpu, switches) in sorted(used.items(), key=lambda one: -one[1][0]):
        if cpu / rate > 5e-8:
            yield f"| {name} | {cpu / rate * 1e6:,.1f} | {switches:,.0f} |"
    total = sum(cpu for cpu, _ in used.values())
    yield f"| all | {total / rate * 1e6:,.1f} | {sum(one[1] for one in used.values()):,.0f} |"


if __name__ == "__main__":
    if len(sys.argv) > 2:
        inside(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(*rows(sys.argv[1]), sep="\n")
