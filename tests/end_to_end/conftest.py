import json
import signal
import socket
import subprocess
import sys

import pytest

from edge_agent.store.reader import LogReader

# Fifteen chips on five buses at 20 Hz: 300 events a second.
CHIP = """
[[device]]
name = "chip{bus}{n}"
driver = "sht4x"
bus = {bus}
address = {address}
every = "50ms"
"""
LOAD = """
node = "load"
[log]
commit_interval = "20ms"
""" + "".join(CHIP.format(bus=bus, n=n, address=0x44 + n) for bus in range(1, 6) for n in range(3))


class AgentProcess:
    """The real program, on simulated chips, publishing to a real broker."""

    def __init__(self, directory, url, config=LOAD):
        self.config = directory / "load.toml"
        self.config.write_text(config)
        self.log = directory / "load.db"
        self.output = directory / "output.txt"
        self._settings = ["--set", f"log.path={self.log}"]
        self._settings += ["--set", f"mqtt.url={url}"] if url else []  # else the file says it
        self._process = None

    def start(self, *more):
        command = [sys.executable, "-m", "edge_agent", "simulate", "--no-broker"]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, str(self.config), *self._settings, *more],
                stdout=output,
                stderr=output,
            )
        return self

    def send(self, number):
        self._process.send_signal(number)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        """Stop as systemd does, and wait for the end; return the exit code."""
        if self._process is None or self._process.poll() is not None:
            return None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def starts(self):
        return self.output.read_text().count("running: ") if self.output.exists() else 0

    def says(self, text):
        return text in self.output.read_text()

    def offsets(self):
        reader = LogReader(self.log)
        try:
            return [event.offset for event in reader.read_after(0, 1_000_000)]
        finally:
            reader.close()

    def waiting(self):
        reader = LogReader(self.log)
        try:
            return reader.last_offset() - reader.accounts()["mqtt"].cursor
        finally:
            reader.close()


@pytest.fixture
def agent(tmp_path):
    processes = []

    def make(url, config=LOAD):
        processes.append(AgentProcess(tmp_path, url, config))
        return processes[-1]

    yield make
    for each in processes:
        if each._process and each._process.poll() is None:
            each.kill()


class Account:
    """What a subscriber saw of the log: offsets in order of first arrival, and contradictions."""

    def __init__(self, received):
        self.bodies = {}
        self.order = []
        self.contradictions = []
        for topic, body, _ in received:
            if "/event/" in topic:
                self._take(json.loads(body))

    def _take(self, event):
        offset = int(event["id"].split(":")[1])
        if offset not in self.bodies:
            self.bodies[offset] = event
            self.order.append(offset)
        elif self.bodies[offset] != event:
            self.contradictions.append(offset)


@pytest.fixture
def account():
    return Account


@pytest.fixture
def silence():
    """The URL of a broker that accepts TCP connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"mqtt://127.0.0.1:{server.getsockname()[1]}"
