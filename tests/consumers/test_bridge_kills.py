"""Whatever is killed (-9) while events flow over a bridge, nothing is lost: broker to broker."""

import json
import random

import paho.mqtt.client as paho
import pytest
from lab.broker import Subscriber

from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from tests.consumers.bridge_process import BridgeProcess, Flow

KEEPING = """allow_anonymous true
persistence true
persistence_location {}/
autosave_interval {}
queue_qos0_messages true
user root
"""
TOPIC = "edge/{}/event/reading/air"
NEVER, AT_ONCE = 3600, 1  # seconds
TURNS = ["bridge", "sink", "source", "bridge", "sink", "bridge"]


class KeptBroker:
    """A broker that has saved its subscriber's session before it is killed for the first time."""

    def __init__(self, mosquitto, directory, autosave, subscribe):
        directory.mkdir()
        self._database = directory / "mosquitto.db"
        self._broker = mosquitto(KEEPING.format(directory, autosave)).start()
        self.url, self.port = self._broker.url, self._broker.port
        self.received = []
        self.kill, self.start = self._broker.kill, self._broker.start
        self.pause, self.resume = self._broker.pause, self._broker.resume
        subscribe(self)
        self._broker.stop()
        self.start()

    def events(self):
        return [json.loads(payload) for _, payload, _ in self.received]

    def has_saved(self, ids):
        return all(one.encode() in self._database.read_bytes() for one in ids)


def keep_a_place(broker):
    source = source_of(SourcePlan(url=broker.url, group="g"))
    source.open()
    source.close()


@pytest.fixture
def source(mosquitto, tmp_path):
    """A broker that saves what it has, and keeps our place."""
    return KeptBroker(mosquitto, tmp_path / "source", AT_ONCE, keep_a_place)


@pytest.fixture
def sink(mosquitto, tmp_path):
    """A broker that writes to its subscriber before it acknowledges; see `sink.received`.

    The subscriber acknowledges nothing: a write that fails would end its reading too early.
    """
    made = []

    def subscribe(broker):
        made.append(Subscriber(broker.port, "edge/+/event/#", "reader", qos=0))
        broker.received = made[-1].received

    yield KeptBroker(mosquitto, tmp_path / "sink", NEVER, subscribe)
    for each in made:
        each.close()


@pytest.fixture
def bridge(source, sink, tmp_path):
    one = BridgeProcess(source.url, sink.url, tmp_path / "state")
    yield one
    if one.is_running:
        one.kill()


def sending(broker):
    """Return what publishes events, and waits until the broker has them."""

    def send(events):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        sent = [
            client.publish(TOPIC.format(one["source"][-1]), json.dumps(one), qos=1)
            for one in events
        ]
        for each in sent:
            each.wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    return send


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_whatever_is_killed(source, sink, bridge, event, wait_for, seed):
    chance = random.Random(seed)
    victims = {"source": source, "sink": sink, "bridge": bridge}
    flow = Flow(event, sending(source), sink.events, chance)
    for name in chance.sample(TURNS, len(TURNS)):
        sink.pause()
        last = flow.feed(200)
        if name == "source":
            wait_for(lambda last=last: source.has_saved(last))
        sink.resume()
        flow.kill_while_it_flows(victims[name], 0.05)
    flow.feed(1)
    flow.check()
    code, counts = bridge.finish()
    assert (code, counts["dead"]) == (0, 0)
