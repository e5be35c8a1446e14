import json

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp
from cloudevents.core.formats.json import JSONFormat

from edge_agent.deliver.amqp.message import Messages
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.sink import SinkContext
from edge_agent.events import LoggedEvent

DATA = '{"values":{"temperature":21.5},"quality":"good"}'
EVENT = LoggedEvent(7, 1_700_000_000_000_000, None, None, "reading", "air", DATA)


def context(*, trusted=True):
    context = SinkContext.apart("greenhouse", "c0ffee")
    return context._replace(died=pytest.fail, trusted=lambda: trusted)


def message(event=EVENT, *, trusted=True, **options):
    return Messages(AmqpOptions(**options), context(trusted=trusted)).of([event])[0]


def understood(message):
    """Read a message with the CloudEvents SDK, as a stranger would."""
    return from_amqp(
        AMQPMessage({"content-type": message.content_type}, message.headers or {}, message.body),
        JSONFormat(),
    )


@pytest.mark.parametrize("content", ["structured", "binary"])
def test_a_stranger_reads_the_event_in_both_modes(content):
    event = understood(message(content=content))
    assert event.get_id() == "c0ffee:7"
    assert event.get_source() == "urn:edge:greenhouse"
    assert event.get_type() == "edge.reading.v1"
    assert event.get_subject() == "air"
    assert event.get_time().timestamp() == 1_700_000_000
    assert event.get_data() == json.loads(DATA)


def test_in_binary_mode_the_body_is_the_data_and_every_attribute_a_header():
    one = message(content="binary")
    assert json.loads(one.body) == json.loads(DATA)
    assert one.content_type == "application/json"
    assert all(name.startswith("cloudEvents:") for name in one.headers)
    assert one.headers["cloudEvents:sequence"] == "0000000000000007"
    assert "cloudEvents:datacontenttype" not in one.headers


def test_the_message_id_is_the_event_id_in_both_modes():
    assert message().id == message(content="binary").id == "c0ffee:7"


def test_the_routing_key_names_node_kind_and_source():
    assert message().routing_key == "edge.greenhouse.reading.air"
    assert message(routing_key="{source}.x").routing_key == "air.x"


def test_a_queue_is_reached_by_its_name_through_the_nameless_exchange():
    assert message(queue="events").routing_key == "events"
    assert Messages(AmqpOptions(queue="events"), context()).exchange == ""
    assert Messages(AmqpOptions(), context()).exchange == "edge"
    assert Messages(AmqpOptions(exchange="mine"), context()).exchange == "mine"


def test_a_clock_that_may_be_wrong_dates_no_message():
    assert message(trusted=False).timestamp is None
    assert message(trusted=True).timestamp > 1_700_000_000


def test_a_routing_key_that_amqp_cannot_hold_is_a_mistake():
    assert message().mistake == ""
    assert "255 bytes" in message(EVENT._replace(source="s" * 300)).mistake
