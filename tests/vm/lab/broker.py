"""Real brokers and subscribers on loopback, for every test that needs them."""

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import threading

import paho.mqtt.client as paho

from lab.freezing import freeze
from lab.waiting import eventually

# Below the range from which the kernel takes the port of an outgoing connection: while a broker is
# down, no client's own end takes its place.
PORTS = range(10_000, 32_000)


def free_port():
    """Return a port on which nothing listens, drawn at random: tests run side by side."""
    chance = random.SystemRandom()
    while True:
        port = chance.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Mosquitto:
    """A real broker on its own loopback port; `kill` and `start` it any number of times."""

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
        """Stop answering, but keep every connection."""
        freeze(self._process)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def reload(self):
        """Read the configuration and its files again, such as the access rights."""
        self._process.send_signal(signal.SIGHUP)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        if self._process and self._process.poll() is None:
            self.resume()
            self._process.terminate()
            self._process.wait(10)


class Subscriber:
    """Subscribes to a broker; `received` collects (topic, payload, retain)."""

    def __init__(self, port, topic="#", client_id="", qos=1):
        self.received = []
        ready = threading.Event()
        self._client = client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=not client_id
        )
        client.on_connect = lambda c, *_: c.subscribe(topic, qos=qos)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = lambda _c, _d, m: self.received.append((m.topic, m.payload, m.retain))
        client.reconnect_delay_set(0.1, 0.2)
        client.connect_async("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(60)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()
