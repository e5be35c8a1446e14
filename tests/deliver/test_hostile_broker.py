"""Whatever a broker sends, the connection's thread goes on, and memory has a bound."""

import struct
from types import SimpleNamespace

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import MQTTMessage

from edge_agent.deliver.mqtt.client import LARGEST_RECEIVED, BoundedClient
from edge_agent.deliver.mqtt.commands import LONGEST, CommandTopics, properties
from edge_agent.events import Answer
from tests.torture.hostile import publish

COMMAND = b"edge/n/command/read"


def message(topic=COMMAND, payload=b"{}", **given):
    made = MQTTMessage(topic=topic)
    made.payload = payload
    made.properties = SimpleNamespace(**given)
    return made


@pytest.fixture
def topics():
    return CommandTopics("edge/n", ("my/",))


@pytest.mark.parametrize(
    "topic",
    [
        b"edge/n/command/" + b"x" * 65_000,
        b"edge/n/command/\xff\xfe",
        b"edge/n/command/",
        b"edge/n/command/a b",
        b"edge/n/command/read/response",
        b"edge/n/command/read/\xc3\x28",
        b"edge/other/command/read",
    ],
)
def test_a_topic_that_is_no_command_is_ignored(topics, topic):
    assert topics.request(message(topic)) is None


@pytest.mark.parametrize(
    "topic",
    [
        "x" * (LONGEST + 1),
        "my/" + "é" * LONGEST,
        "homeassistant/switch/heater/set",
        "edge/other/command/set",
        "edge/n",
        "edge/n/status",
        "edge/n/info",
        "edge/n/state/air",
        "edge/n/alert/hot",
        "edge/n/output/fan",
        "edge/n/event/alert/hot",
        "edge/n/batch",
        "edge/n/command/set",
        "edge/n/command/set/response/more",
        "my/+",
        "my/#",
        "my/\0",
        "my/\ud800",
        "$SYS/broker",
        "",
    ],
)
def test_an_answer_never_goes_where_it_may_not_and_takes_the_own_topic(topics, topic):
    request = topics.request(message(ResponseTopic=topic))
    assert request.topic == "edge/n/command/read/response"


@pytest.mark.parametrize(
    "topic", ["my/answers", "edge/n/answers/7", "edge/n/command/read/response"]
)
def test_an_answer_goes_to_a_response_topic_that_is_allowed(topics, topic):
    assert topics.request(message(ResponseTopic=topic)).topic == topic


def test_without_allowed_topics_an_answer_stays_below_the_agents_prefix():
    request = CommandTopics("edge/n").request(message(ResponseTopic="my/answers"))
    assert request.topic == "edge/n/command/read/response"


def test_correlation_data_that_is_too_long_is_ignored_with_its_command(topics):
    assert topics.request(message(CorrelationData=b"x" * (LONGEST + 1))) is None


@given(st.binary(max_size=80), st.text(max_size=80), st.binary(max_size=80))
def test_any_message_gives_a_command_that_can_be_answered_or_none(topic, response, correlation):
    topics = CommandTopics("edge/n", ("my/",))
    for name in (topic, b"edge/n/command/" + topic):
        request = topics.request(message(name, ResponseTopic=response, CorrelationData=correlation))
        if request is not None:
            struct.pack("!H", len(request.topic.encode()))
            properties(Answer(request.topic, request.correlation, b"")).pack()


HOSTILE = {
    "a topic of 65 kB": publish(COMMAND + b"x" * 65_000, b"{}", more=b"\0"),
    "a topic that is not UTF-8": publish(b"edge/n/command/\xff", b"{}", more=b"\0"),
    "properties that end too soon": publish(COMMAND, b"", more=b"\x7f\x08\xff\xff"),
    "a property that does not exist": publish(COMMAND, b"{}", more=b"\x02\x7e\x01"),
    "a response topic that is not UTF-8": publish(COMMAND, b"{}", more=b"\x04\x08\0\x01\xff"),
    "an acknowledgement with an unknown reason": b"\x40\x04\0\x01\xee\0",
    "QoS 3": publish(COMMAND, b"{}", 0x36, b"\0"),
    "QoS 2": publish(COMMAND, b"{}", 0x34, b"\0"),
    "a packet without an end": b"\x32\xff\xff\xff\x7f" + b"x" * 200_000,
    "a length of five bytes": b"\x32\xff\xff\xff\xff\x7f",
    "a disconnect with an unknown reason": b"\xe0\x02\xee\0",
    "a second answer to CONNECT": b"\x20\x03\0\x86\0",
}


@pytest.mark.parametrize("version", [5, 4])
@pytest.mark.parametrize("packet", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_packet_ends_at_most_the_session(scripted, client, events, packet, version):
    broker = scripted()
    broker.greeting = packet
    one = client(broker.url, versions=(version,)).up()
    one.connection._backoff.next = lambda *_: 0.0
    broker.greeting = b""
    broker.cut()
    one.down().up()
    assert one.deliver_all(events(1)) == {}


@given(head=st.integers(0x30, 0x3F), body=st.binary(max_size=60), version=st.sampled_from([5, 4]))
def test_any_publish_packet_can_be_handled(head, body, version):
    one = BoundedClient("n", version, print, print)
    one._in_packet |= {"command": head, "packet": bytearray(body), "remaining_length": len(body)}
    one._packet_handle()


class Source:
    """A socket from which an endless packet comes."""

    def recv(self, count):
        return b"x" * count


@pytest.mark.parametrize("total", [LARGEST_RECEIVED * 3, 100_000_000])
def test_a_packet_that_is_too_large_is_not_kept(total):
    one = BoundedClient("n", 4, print, print)
    one._sock = Source()
    left, most = total, 0
    while left:
        data = one._sock_recv(left)
        one._in_packet["packet"] += data
        left -= len(data)
        most = max(most, len(one._in_packet["packet"]))
    assert LARGEST_RECEIVED < len(one._in_packet["packet"]) <= most <= 3 * LARGEST_RECEIVED
    one._sock = None


def test_a_large_retained_command_does_not_disturb_a_3_1_1_connection(
    broker, client, events, wait_for, caplog
):
    sender = paho.Client(paho.CallbackAPIVersion.VERSION2)
    sender.connect("127.0.0.1", broker.port)
    sender.loop_start()
    sender.publish("edge/n/command/read", b"x" * 120_000, 1, retain=True).wait_for_publish(60)
    sender.disconnect()
    sender.loop_stop()
    one = client(broker.url, versions=(4,), commands=CommandTopics("edge/n")).up()
    wait_for(lambda: "a command of more than 20000 bytes is ignored" in caplog.text)
    assert one.sink.deliver(events(10)) == 10
