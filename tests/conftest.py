import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds=20.0):
    """Return the condition's first true result; fail when none comes in time."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < deadline:
        if result := condition():
            return result
        pause.wait(0.01)  # bounded by the deadline
    raise AssertionError(f"not within {seconds} s: {condition}")


class Mosquitto:
    """A real broker on a loopback port of its own; `kill` and `start` as often as wanted."""

    def __init__(self, directory, extra=""):
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._config = directory / f"mosquitto-{self.port}.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nmax_queued_messages 0\nlog_dest none\n"
            + (extra or "allow_anonymous true\n")
        )
        self._process = None

    def start(self):
        binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        assert binary, "mosquitto is missing: apt install mosquitto (make test does it)"
        self._process = subprocess.Popen(
            [binary, "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers)
        return self

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def pause(self):
        """Answer nothing from now on, but keep every connection."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process and self._process.poll() is None:
            self.resume()
            self._process.terminate()
            self._process.wait(10)


@pytest.fixture
def mosquitto(tmp_path):
    brokers = []

    def make(extra=""):
        brokers.append(Mosquitto(tmp_path, extra))
        return brokers[-1]

    yield make
    for each in brokers:
        each.stop()


@pytest.fixture
def broker(mosquitto):
    return mosquitto().start()


@pytest.fixture
def wait_for():
    return eventually


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def subscriber():
    """A function: subscribe to a broker and return the growing list of (topic, payload, retain)."""
    clients = []

    def subscribe(port, topic="#", client_id=""):
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=not client_id
        )
        received, ready = [], []
        client.on_connect = lambda c, *_: c.subscribe(topic, qos=1)
        client.on_subscribe = lambda *_: ready.append(True)
        client.on_message = lambda _c, _d, m: received.append((m.topic, m.payload, m.retain))
        client.reconnect_delay_set(0.1, 0.2)
        client.connect_async("127.0.0.1", port)
        client.loop_start()
        clients.append(client)
        eventually(lambda: ready)
        return received

    yield subscribe
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture(scope="session")
def root():
    return Path(__file__).parent.parent
