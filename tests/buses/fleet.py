"""A whole fleet on one machine: simulated nodes, MQTT brokers, bridges, Kafka, a stream engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Consumer
from lab.broker import Mosquitto

from tests.buses.servers.environment import python_with

ROOT = Path(__file__).parents[2]
ENGINE = "quixstreams-3.28.1"
PARTITIONS = 4
KEEP = """allow_anonymous true
persistence true
persistence_location {}/
autosave_interval 1
user root
"""


def engine():
    """Return the Python of the stream engine's environment."""
    return python_with(ENGINE, ENGINE.replace("-", "=="), "msgspec>=0.19")


class Process:
    """One program of the fleet, which may be killed and started again."""

    def __init__(self, command, log):
        self._command, self._log = [str(word) for word in command], log
        self._process = None

    def start(self):
        path = os.environ | {"PYTHONPATH": str(ROOT)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=path, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        return self

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)

    def wait(self):
        """Return what it has printed when it has ended by itself."""
        assert self._process.wait(600) == 0, self._log.read_text()
        return self._log.read_text()


class Fleet:
    """Everything between the nodes and the windows; `start` it, then `simulate` the nodes."""

    def __init__(self, folder, kafka, brokers=2, workers=2):
        self._folder, self._kafka = folder, kafka
        self.topics = f"kafka://{kafka.servers}/edge-events"
        self.brokers = []
        for number in range(brokers):
            home = folder / f"broker{number}"
            home.mkdir()
            self.brokers.append(Mosquitto(home, KEEP.format(home)))
        self.bridges = [self._bridge(number) for number in range(brokers)]
        self.workers = [self._worker(number) for number in range(workers)]

    def start(self):
        for topic in ("edge-events", "edge-windows", "edge-alerts", "edge-unused"):
            self._kafka.create(topic, PARTITIONS, message_timestamp_type="LogAppendTime")
        for one in (*self.brokers, *self.bridges, *self.workers):
            one.start()
        return self

    def simulate(self, *options):
        """Start the nodes."""
        urls = [broker.url for broker in self.brokers]
        command = [sys.executable, "-m", "simulators.fleet", *urls, "--faults", *options]
        command += ["--processes", len(urls)]
        return Process(command, self._folder / "nodes.json").start()

    def aggregator(self, store):
        """Start what stores the same events on one machine; it ends when nothing arrives."""
        command = [sys.executable, "-m", "consumers", "aggregate", self.topics]
        command += ["--store", f"duckdb:{store}", "--state", self._folder / "aggregate"]
        command += ["--until-quiet", "15s"]
        return Process(command, self._folder / "aggregate.log").start()

    def stop(self):
        for one in (*self.workers, *self.bridges, *self.brokers):
            one.stop()

    def _bridge(self, number):
        state = self._folder / f"bridge{number}"
        command = [sys.executable, "-m", "consumers", "bridge", self.brokers[number].url]
        command += [self.topics, "--group", f"fleet{number}", "--state", state]
        return Process(command, self._folder / f"bridge{number}.log")

    def _worker(self, number):
        script = ROOT / "examples/fleet/windows.py"
        command = [engine(), script, self._kafka.servers, self._folder / f"worker{number}"]
        return Process(command, self._folder / f"worker{number}.log")


class Upserts:
    """The latest record of each key of a topic, as a table that it is written to would have."""

    def __init__(self, kafka, topic):
        self.rows, self.records = {}, 0
        options = {"bootstrap.servers": kafka.servers, "group.id": f"upserts-{topic}"}
        self._consumer = Consumer({**options, "auto.offset.reset": "earliest"})
        self._consumer.subscribe([topic])

    def read(self):
        """Take what there is; return how many keys there are."""
        for record in self._consumer.consume(1000, 0.5):
            if not record.error():
                self.rows[record.key()] = json.loads(record.value())
                self.records += 1
        return len(self.rows)

    def close(self):
        self._consumer.close()
