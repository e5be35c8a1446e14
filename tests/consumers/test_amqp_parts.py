"""Which queue a URL names, and which events a message of RabbitMQ brings."""

import json

import pika
import pytest

from consumers.source import DeadLetter, SourcePlan
from consumers.sources.amqp.address import parse_queue_url
from consumers.sources.amqp.message import LARGEST, deliveries_in
from consumers.sources.catalog import source_of
from edge_agent.deliver.amqp.address import AmqpAddress
from edge_agent.deliver.amqp.message import Messages
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import AgentError
from edge_agent.events import LoggedEvent

DATA = '{"values": {"temperature": 21.5}, "quality": "good"}'


@pytest.mark.parametrize(
    "url, vhost, name, exchange",
    [
        ("amqp://rabbit/alerts", "/", "alerts", ""),
        ("amqp://rabbit/home/alerts", "home", "alerts", ""),
        ("amqp://rabbit/a%2Fb/c%2Fd", "a/b", "c/d", ""),
        ("amqp://rabbit/alerts?exchange=edge", "/", "alerts", "edge"),
    ],
)
def test_a_url_names_virtual_host_queue_and_exchange(url, vhost, name, exchange):
    queue = parse_queue_url(url)
    assert queue == ((AmqpAddress("rabbit", 5672, vhost, tls=False),), name, exchange)


def test_a_url_may_name_several_brokers():
    queue = parse_queue_url("amqps://one,two:99/home/alerts")
    assert [str(one) for one in queue.addresses] == ["one:5671", "two:99"]
    assert all(one.tls and one.vhost == "home" for one in queue.addresses)


@pytest.mark.parametrize(
    "url, reason",
    [
        ("amqp://rabbit", "there is no queue"),
        ("amqp://rabbit/", "there is no queue"),
        ("amqp://rabbit/a/b/c", "a virtual host is one part of a path"),
        ("amqp://me:secret@rabbit/alerts", "credentials do not belong in the URL"),
        ("amqp://rabbit/alerts?exchange=", "only ?exchange=name may stand"),
        ("amqp://rabbit/alerts?key=x", "only ?exchange=name may stand"),
        ("amqp://rabbit/alerts#x", "only ?exchange=name may stand"),
        ("amqp://rabbit/my alerts", "write %20"),
        ("amqp://rabbit,:1/alerts", "there is no host"),
        ("amqp://rabbit/" + "x" * 256, "shorten it"),
    ],
)
def test_a_wrong_url_is_refused_with_a_reason_that_keeps_the_password(url, reason):
    with pytest.raises(AgentError) as caught:
        source_of(SourcePlan(url=url))
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def written(content):
    """Return properties and body of an event, as the sink writes it."""
    context = SinkContext.apart("greenhouse", "c0ffee")
    event = LoggedEvent(7, 1_800_000_000_000_000, 3, 12, "reading", "air", DATA)
    (message,) = Messages(AmqpOptions(content=content), context).of([event])
    headers = message.headers
    return pika.BasicProperties(content_type=message.content_type, headers=headers), message.body


def test_binary_and_structured_events_of_the_sink_are_the_same():
    (binary,) = deliveries_in(*written("binary"))
    (structured,) = deliveries_in(*written("structured"))
    assert binary == structured
    assert (binary.id, binary.node, binary.trusted) == ("c0ffee:7", "greenhouse", False)


def test_headers_may_begin_as_the_older_binding_has_them(event):
    attributes = {key: value for key, value in event(3).items() if key != "data"}
    headers = {f"cloudEvents_{name}": text for name, text in attributes.items()}
    body = json.dumps(event(3)["data"]).encode()
    (found,) = deliveries_in(pika.BasicProperties(headers=headers), body)
    assert found.decoded == event(3)


def test_a_replayed_event_in_binary_mode_is_one(event):
    attributes = {key: value for key, value in event(3).items() if key != "data"}
    headers = {f"cloudEvents:{name}": text for name, text in attributes.items()}
    properties = pika.BasicProperties(headers={**headers, "cloudEvents:replay": "true"})
    (found,) = deliveries_in(properties, json.dumps(event(3)["data"]).encode())
    assert found.replay


@pytest.mark.parametrize("value", [7, None, [1], {"a": 1}, b"\xff", True])
def test_headers_that_are_no_texts_make_a_dead_letter(value):
    properties, body = written("binary")
    properties.headers["cloudEvents:id"] = value
    (letter,) = deliveries_in(properties, body)
    assert isinstance(letter, DeadLetter)


def test_a_body_that_no_agent_sends_is_not_even_parsed():
    (letter,) = deliveries_in(pika.BasicProperties(), b"[" + b" " * LARGEST + b"]")
    assert letter.reason == f"larger than {LARGEST} bytes"
    assert len(letter.payload) < LARGEST
