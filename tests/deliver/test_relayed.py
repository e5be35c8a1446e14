"""An event of any node's log that a sink hands on: everything that it had stays as it was."""

import json
from dataclasses import dataclass

import pytest

from edge_agent.deliver.amqp.message import Messages
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.aws.message import MessageWriter
from edge_agent.deliver.encoding.avro import AvroEncoder
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.http.message import HttpBinding
from edge_agent.deliver.mqtt.topics import AgentTopics
from edge_agent.deliver.notify.sink import NotifySink
from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import UnfitEvent
from edge_agent.events import LoggedEvent, RelayedEvent

ENVELOPE = Envelope("bridge", "b00000")
DATA = {"values": {"t": 21.5, "new": [1, {"deep": None}]}, "quality": "good", "later": "é"}


def cloud_event(offset=7, node="cellar", log="a1b2", kind="reading", version=1, **more):
    return {
        "specversion": "1.0",
        "id": f"{log}:{offset}",
        "source": f"urn:edge:{node}",
        "type": f"edge.{kind}.v{version}",
        "subject": "air",
        "time": "2023-11-14T22:13:20.123456Z",
        "sequence": f"{offset:016d}",
        "data": DATA,
        **more,
    }


def relayed(number=1, **given):
    event = cloud_event(**given)
    data = json.dumps(event.pop("data"))
    kind = event["type"].split(".")[1]
    logged = LoggedEvent(number, 1_700_000_000_123_456, None, None, kind, "air", data)
    return RelayedEvent.of(logged, event["source"].removeprefix("urn:edge:"), event)


def test_every_attribute_and_all_data_stay_as_they_were():
    given = cloud_event(kind="unheardof", version=3, clock="unsynchronised", bootid=2, later="x")
    one = relayed(kind="unheardof", version=3, clock="unsynchronised", bootid=2, later="x")
    assert json.loads(ENVELOPE.encode(one)) == given
    assert json.loads(ENVELOPE.encode_batch([one, one])) == [given, given]
    assert ENVELOPE.id_of(one) == "a1b2:7"


def test_the_attributes_of_binary_modes_have_those_that_are_unknown_here():
    found = ENVELOPE.attributes(relayed(later="x", replay=True))
    expected = {**cloud_event(later="x", replay="true"), "datacontenttype": "application/json"}
    del expected["data"]
    assert found == expected


def test_its_topics_are_those_of_its_node():
    topics = AgentTopics("bridge")
    assert topics.of(relayed()) == "edge/cellar/event/reading/air"
    assert topics.batch_of(relayed(node="attic")) == "edge/attic/batch"


def context():
    return SinkContext.apart("bridge", "b00000")._replace(died=pytest.fail)


def test_its_amqp_message_has_its_own_key_and_id():
    for content in ("structured", "binary"):
        (message,) = Messages(AmqpOptions(content=content), context()).of([relayed()])
        assert (message.routing_key, message.id) == ("edge.cellar.reading.air", "a1b2:7")


@dataclass
class Fifo:
    fifo: bool = True

    class service:  # noqa: N801 - as the target has it
        body = "MessageBody"


def test_its_fifo_group_is_of_its_node_and_one_batch_may_hold_equal_offsets():
    writer = MessageWriter(Fifo(), "bridge", "b00000")
    entries = [writer.write(relayed(1)).entry, writer.write(relayed(2, node="attic")).entry]
    assert [entry["MessageGroupId"] for entry in entries] == ["cellar/air", "attic/air"]
    assert [entry["Id"] for entry in entries] == ["1", "2"]
    assert entries[0]["MessageDeduplicationId"] == "a1b2:7"


def test_a_request_with_other_events_in_between_has_another_id():
    binding = HttpBinding(ENVELOPE, "structured", batches=True)
    first, last = relayed(log="a"), relayed(log="a", offset=9)
    names = [binding.message([first, relayed(log=log), last]).id for log in ("b", "c", "b")]
    assert names[0] == names[2] != names[1]
    assert binding.message([first]).id == "a:7"


def test_a_notification_names_its_node():
    sent = []
    sink = NotifySink("n", "bridge", lambda: lambda m: not sent.append(m), severity="info")
    sink.open()
    data = {"state": "firing", "severity": "warning", "values": {"air.temperature": 31.0}}
    assert sink.deliver([relayed(kind="alert", data=data)]) == 1
    assert sent[0].title.startswith("cellar: air firing")


def test_avro_has_what_the_schema_knows_and_refuses_another_version():
    encoder = AvroEncoder(ENVELOPE)
    encoder.open()
    assert b"a1b2:7" in encoder.encode(relayed(data={"values": {"t": 1.5}, "quality": "good"}))
    with pytest.raises(UnfitEvent, match=r"edge.reading.v2; the schema is that of edge.reading.v1"):
        encoder.encode(relayed(version=2))
