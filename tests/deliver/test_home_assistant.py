"""The live state for Home Assistant: whole again at its birth, and never an old value."""

import json
from types import SimpleNamespace

import pytest

from edge_agent.clock import Moment
from edge_agent.deliver.mqtt.discovery import live_state
from edge_agent.deliver.mqtt.state import LiveTopics
from edge_agent.deliver.sink import About, SelfReport, SinkBacklog
from edge_agent.events import Alert, Reading

BIRTH = "homeassistant/status"
CONFIG = "homeassistant/device/n/config"
INFO = b'{"version":"1","devices":{"air":{"every":10.0}}}'
ABOUT = About(INFO, discovery={CONFIG: b'{"device":{}}'})
SECOND = 1_000_000  # µs


class Session:
    """A connection that keeps what is published, in order."""

    room = 100
    address = None
    retains = True
    version = 5

    def __init__(self):
        self.subscribed, self.published = [], []

    def subscribe(self, topic):
        self.subscribed.append(topic)

    def congested(self):
        return False

    def fits(self, *_):
        return True

    def publish(self, topic, payload, *, retain):
        self.published.append((topic, payload, retain))

    def show(self, topic, payload):
        self.published.append((topic, payload, False))

    def take(self):
        taken, self.published = self.published, []
        return taken


class Node:
    """A live state whose clocks stand still until they are moved."""

    def __init__(self, monkeypatch, *, retained=True):
        self.now = 1000.0  # seconds
        monkeypatch.setattr(live_state, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.state = live_state.HomeAssistantState(
            LiveTopics("edge/n", "mqtt", retained=retained),
            ABOUT,
            birth=BIRTH,
            uptime=lambda: round(self.now * SECOND),
        )
        self.session = Session()

    def measured(self, temperature):
        moment = Moment(0, round(self.now * SECOND), trusted=True)
        self.state.take(Reading("air", moment, {"temperature": temperature}))

    def connect(self):
        self.state.greet(self.session)
        self.state.send(self.session)
        return self.session.take()

    def hear(self, topic, payload):
        self.state.hear([SimpleNamespace(topic=topic, payload=payload)])
        return self.said()

    def said(self):
        self.state.send(self.session)
        return [topic for topic, _, _ in self.session.take()]


@pytest.fixture
def node(monkeypatch):
    return Node(monkeypatch)


def of(topic, published):
    return [json.loads(payload) for found, payload, _ in published if found == topic]


def test_before_it_is_online_a_device_without_value_is_pending(node):
    published = node.connect()
    topics = [topic for topic, _, _ in published]
    assert topics.index("edge/n/state/air") < topics.index("edge/n/status")
    assert of("edge/n/state/air", published)[0] == {"quality": "pending"}
    assert node.session.subscribed == [BIRTH]


def test_a_current_value_is_shown_before_it_is_online(node):
    node.measured(20.5)
    node.now += 40
    published = node.connect()
    assert published[0][0] == "edge/n/state/air"
    assert of("edge/n/state/air", published)[0] == {"temperature": 20.5}


def test_a_value_older_than_three_intervals_and_ten_seconds_is_not_shown_again(node):
    node.measured(20.5)
    node.now += 41
    assert of("edge/n/state/air", node.connect())[0] == {"quality": "pending"}


def test_the_discovery_message_is_retained(node):
    assert (CONFIG, b'{"device":{}}', True) in node.connect()


def test_at_its_birth_home_assistant_gets_everything_at_once_and_again_after_5_s(node):
    node.measured(20.5)
    node.state.take(Alert("warm", "firing", Moment(0, 0, trusted=True), "warning", {}))
    node.connect()
    everything = {CONFIG, "edge/n/info", "edge/n/alert/warm", "edge/n/state/air"}
    assert everything <= set(node.hear(BIRTH, b"online"))
    node.now += 4.9
    assert node.said() == []
    node.now += 0.2
    assert everything <= set(node.said())
    node.now += 60
    assert node.said() == []


def test_at_its_birth_an_old_value_is_not_shown_as_new(node):
    node.measured(20.5)
    node.connect()
    node.now += 41
    node.state.hear([SimpleNamespace(topic=BIRTH, payload=b"online")])
    node.state.send(node.session)
    assert of("edge/n/state/air", node.session.take()) == [{"quality": "pending"}]


@pytest.mark.parametrize(
    ("topic", "payload"), [(BIRTH, b"offline"), ("edge/n/command/online", b"online")]
)
def test_nothing_else_that_comes_makes_it_speak(node, topic, payload):
    node.connect()
    assert node.hear(topic, payload) == []


def test_a_topic_that_is_no_text_is_ignored(node):
    class Garbled:
        payload = b"online"

        @property
        def topic(self):
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    node.connect()
    node.state.hear([Garbled()])
    assert node.said() == []


def test_a_new_entity_gets_its_state_again_once_home_assistant_knows_it(node):
    node.measured(20.5)
    node.connect()
    node.now += 6
    node.said()
    node.state.take(ABOUT)
    node.said()
    node.now += 5
    assert "edge/n/state/air" in node.said()


def test_report_are_shown_with_dates_and_forgotten_when_they_are_old(node):
    node.state.take(SelfReport({"mqtt": SinkBacklog(3, 1_700_000_000 * SECOND)}, clock_set=True))
    sinks = {"mqtt": {"waiting": 3, "delivered": "2023-11-14T22:13:20Z"}}
    assert of("edge/n/diagnostics", node.connect())[0] == {"sinks": sinks, "clock_set": True}
    node.now += 191
    assert of("edge/n/diagnostics", node.connect())[0] == {"quality": "pending"}


def test_a_broker_that_retains_nothing_gets_no_message_that_removes_the_entities(monkeypatch):
    published = Node(monkeypatch, retained=False).connect()
    assert [one for one in published if one[0] == CONFIG] == [(CONFIG, b'{"device":{}}', False)]
