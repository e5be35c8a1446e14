"""The broker that `simulate` runs: an installed mosquitto, or else the embedded one."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_agent.commands import demo, demo_broker
from edge_agent.deliver.mqtt.broker import EmbeddedBroker
from edge_agent.deliver.mqtt.mosquitto import Mosquitto, installed_mosquitto
from edge_agent.errors import SimulationError

CHILD = """
import signal, sys
from edge_agent.deliver.mqtt.mosquitto import Mosquitto, installed_mosquitto
broker = Mosquitto(installed_mosquitto(), "127.0.0.1", int(sys.argv[1]))
broker.start()
print("ready", flush=True)
signal.pause()
"""


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def broker(port):
    broker = Mosquitto(installed_mosquitto(), "127.0.0.1", port)
    broker.start()
    yield broker
    broker.stop()


def test_clients_can_connect_once_it_has_started(broker, port, subscriber):
    assert listens(port)
    assert subscriber(port) == []


def test_it_ends_with_the_simulation(broker, port, wait_for):
    broker.stop()
    wait_for(lambda: not listens(port))


def test_it_ends_also_if_the_simulation_is_killed(port, wait_for):
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(port)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout.readline() == "ready\n"
    assert listens(port)
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    wait_for(lambda: not listens(port))


def test_it_takes_no_port_that_another_broker_has(port):
    rival = Mosquitto(installed_mosquitto(), "127.0.0.1", port)
    refused = pytest.raises(SimulationError, match=r"Address already in use.*--no-broker")
    with socket.create_server(("127.0.0.1", port)), refused:
        rival.start()


def test_one_that_does_not_start_is_reported_with_its_reason(tmp_path, port):
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(SimulationError, match=f"{program} does not start: out of order"):
        Mosquitto(str(program), "127.0.0.1", port).start()


def test_the_demonstration_has_the_next_port_if_another_broker_has_the_usual_one(monkeypatch):
    monkeypatch.setattr(demo, "_is_free", lambda port: port >= 1885)
    asked = []
    monkeypatch.setattr(demo, "simulated", lambda origin, **_: asked.extend(origin.overrides) or 0)
    demo.demo([], standalone_mode=False)
    assert "mqtt.url=mqtt://127.0.0.1:1885" in asked


def test_the_demonstration_without_its_own_broker_uses_that_of_the_example(monkeypatch):
    asked = []
    monkeypatch.setattr(demo, "simulated", lambda origin, **_: asked.extend(origin.overrides) or 0)
    demo.demo(["--no-broker"], standalone_mode=False)
    assert not [one for one in asked if one.startswith("mqtt.url")]


def test_a_mosquitto_that_is_installed_is_preferred(monkeypatch):
    monkeypatch.setattr(demo_broker, "installed_mosquitto", lambda: "/usr/sbin/mosquitto")
    assert isinstance(demo_broker.demo_broker(1), Mosquitto)


def test_without_one_the_embedded_broker_runs(monkeypatch, tmp_path):
    monkeypatch.setattr(
        demo_broker, "installed_mosquitto", lambda: installed_mosquitto(str(tmp_path))
    )
    assert isinstance(demo_broker.demo_broker(1), EmbeddedBroker)


def test_the_embedded_broker_takes_its_own_loop_not_that_of_the_thread_that_makes_it(port):
    with ThreadPoolExecutor(1) as thread:  # a thread without one: Python 3.14 has none anywhere
        broker = thread.submit(EmbeddedBroker, "127.0.0.1", port).result()
    broker.start()
    broker.stop()
