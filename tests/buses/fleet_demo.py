"""Three simulated nodes, an alert about two of them, their windows, and the audit of it all.

python -m tests.buses.fleet_demo [mqtt|kafka] [SECONDS]
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "vm")]  # the tests' laboratory

# ruff: noqa: E402 - they find it there
from lab.broker import Mosquitto

from tests.buses.servers.kafka import Kafka

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/fleet"
NODES = ("greenhouse", "cellar", "attic")
SETTLE = 5  # seconds until a missing event is lost
QUERY = ("--window", "1m", "--channel", "temperature")


def say(text=""):
    """Say what happens, between what the programs print themselves."""
    print(text, flush=True)  # noqa: T201


@contextlib.contextmanager
def handle(process):
    """Yield what becomes readable when a process ends."""
    descriptor = os.pidfd_open(process.pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Demonstration:
    """The programs of the fleet, each a process of its own; `stop` ends all."""

    def __init__(self, folder):
        self._folder = folder
        self._processes = {}

    def start(self, name, *command, shown=False):
        """Start a program of this project; what it prints is shown, or goes to a file."""
        log = self._folder / f"{name}.txt"
        with log.open("ab") as file:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=None if shown else file,
                stderr=file,
            )

    def node(self, name, broker):
        """Start a node: a real agent with simulated chips."""
        options = [f"node={name}", f"mqtt.url={broker}", f"log.path={self._folder / name}.db"]
        words = [word for option in options for word in ("--set", option)]
        self.start(name, "edge_agent", "simulate", EXAMPLE / "node.toml", "--no-broker", *words)

    def consumer(self, name, *arguments, shown=False):
        """Start a consumer whose state is its own."""
        self.start(name, "consumers", *arguments, shown=shown)

    def let_run(self, seconds):
        """Wait; a program that ends meanwhile ends all, and its reason is printed."""
        with contextlib.ExitStack() as stack:
            names = {
                stack.enter_context(handle(one)): name for name, one in self._processes.items()
            }
            ended, _, _ = select.select([*names], [], [], seconds)
            for name in map(names.get, ended):
                text = (self._folder / f"{name}.txt").read_text()
                raise SystemExit(f"{name} has ended:\n{text}")

    def ended(self, name):
        """End a program; return its exit code and what it has printed."""
        process = self._processes[name]
        self.end(name)
        return process.returncode, (self._folder / f"{name}.txt").read_text()

    def end(self, *names):
        """Ask programs to end, and wait until they have."""
        ended = [self._processes.pop(name) for name in names if name in self._processes]
        for process in ended:
            process.terminate()
        for process in ended:
            process.wait(60)

    def stop(self):
        """End everything."""
        self.end(*reversed(self._processes))


def show(demo, folder, broker, bus, seconds):
    """Run the fleet: its events come from a bus, and its nodes deliver to a broker."""
    store = ("--store", f"duckdb:{folder / 'fleet.duckdb'}", "--state", folder / "aggregate")
    demo.consumer("audit", "audit", bus, "--settle", f"{SETTLE}s")
    demo.consumer("aggregator", "aggregate", bus, *store, "--group", "aggregator")
    rules = (EXAMPLE / "rules.toml", bus, "--group", "alerts", "--state", folder / "alerts")
    demo.consumer("alerts", "alerts", "run", *rules, shown=True)
    demo.let_run(2)
    for name in NODES:
        demo.node(name, broker)
    say(f"{len(NODES)} simulated nodes ({', '.join(NODES)}) deliver to {bus}.")
    say("An aggregator stores their readings; an alert system watches for two warm nodes.")
    say(f"What follows are its alerts. The nodes stop after {seconds:g} seconds.\n")
    demo.let_run(seconds)
    demo.end(*NODES)
    demo.let_run(SETTLE + 1)
    code, report = demo.ended("audit")
    say("\nThe windows of the aggregator, a minute each, by `edge-consumer query`:\n")
    query = [sys.executable, "-m", "consumers", "query", *QUERY, *map(str, store)]
    subprocess.run(query, cwd=ROOT, check=True)
    say("\nThe audit of everything that has arrived, by `edge-consumer audit`:\n")
    say(report)
    return code


def over_mqtt(folder, seconds):
    """Let the consumers read from the broker of the nodes."""
    broker = Mosquitto(folder).start()
    demo = Demonstration(folder)
    try:
        return show(demo, folder, broker.url, broker.url, seconds)
    finally:
        demo.stop()
        broker.stop()


def over_kafka(folder, seconds):
    """Let a bridge carry the events from the broker to a real Kafka, and consumers read there."""
    say("Starts Apache Kafka on this machine; what is missing is fetched first ...")
    server = Kafka(folder).start()
    broker = Mosquitto(folder).start()
    demo = Demonstration(folder)
    try:
        server.create("edge-events", 4, message_timestamp_type="LogAppendTime")
        topic = f"{server.url}/edge-events"
        bridge = ("bridge", broker.url, topic, "--group", "bridge", "--state", folder / "bridge")
        demo.consumer("bridge", *bridge)
        return show(demo, folder, broker.url, topic, seconds)
    finally:
        demo.stop()
        broker.stop()
        server.stop()


def main(bus="mqtt", seconds="45"):
    """Run the demonstration; Ctrl-C and SIGTERM end it with all its processes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        run = {"mqtt": over_mqtt, "kafka": over_kafka}[bus]
        return run(Path(folder), float(seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
