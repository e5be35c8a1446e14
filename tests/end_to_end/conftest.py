import json
import socket

import pytest
from lab.agent import AgentProcess

from tests.configurations import load

# A broker that knows its subscriber again, whenever it was stopped, and holds no message back.
KEEP = """allow_anonymous true
max_inflight_messages 0
persistence true
persistence_location {}/
persistence_file mosquitto-{}.db
autosave_interval 1
user root
"""
LOAD = load(5)  # 300 events a second


@pytest.fixture
def agent(tmp_path):
    processes = []

    def make(url, config=LOAD):
        processes.append(AgentProcess(tmp_path, url, config))
        return processes[-1]

    yield make
    for each in processes:
        if each.is_running():
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
def watched(mosquitto, subscriber, tmp_path, wait_for):
    """A function: start a broker that knows its subscriber for good; return it and what arrives.

    Who subscribes only after a broker's return misses what an agent publishes before that.
    """

    def make(topic):
        name = f"watcher-{len(list(tmp_path.glob('mosquitto-*.conf')))}"
        broker = mosquitto(KEEP.format(tmp_path, name)).start()
        received = subscriber(broker.port, topic, name)
        saved = tmp_path / f"mosquitto-{name}.db"
        wait_for(lambda: saved.exists() and name.encode() in saved.read_bytes())
        return broker, received

    return make


@pytest.fixture
def silence():
    """The URL of a broker that accepts TCP connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"mqtt://127.0.0.1:{server.getsockname()[1]}"
