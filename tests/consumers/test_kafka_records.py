"""What records of a topic mean, and how far a partition is done with; no server is needed."""

import json

import msgspec
import pytest

from consumers.avro import AvroDecoder
from consumers.received_event import ReceivedEvent
from consumers.source import DeadLetter, SourcePlan
from consumers.sources.catalog import source_of
from consumers.sources.kafka.partition import OwnedPartition, Taken
from consumers.sources.kafka.record import LARGEST, RecordDecoder
from consumers.sources.kafka.source import MOST, KafkaSource
from edge_agent.deliver.encoding.avro import AvroEncoder
from edge_agent.deliver.encoding.registration import SchemaSubject
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.record import avro_encoder, encoder
from edge_agent.errors import AgentError, SinkUnavailable
from edge_agent.events import KINDS, LoggedEvent, Replayed
from tests.schema.samples import SAMPLES

ENVELOPE = Envelope("greenhouse", "a1b2c3")


def logged(kind, data, offset=7, boot=None):
    uptime = None if boot is None else 5_000
    text = json.dumps(data)
    return LoggedEvent(offset, 1_764_240_000_123_457, boot, uptime, kind, "air", text)


READING = logged("reading", {"values": {"temperature": 21.5}, "quality": "good"})


class NoRegistry:
    """A registry that is away until it is `there`, and has one schema."""

    there = True

    def __init__(self, schema):
        self._schema = schema
        self.asked = 0

    def schema(self, id_):
        self.asked += 1
        if not self.there:
            raise SinkUnavailable("the registry is away")
        return self._schema if id_ == 7 else None


def decoded(record, registry=None):
    """Return what a record means as librdkafka gives it: text of a header arrives as bytes."""
    headers = [
        (name, text.encode() if isinstance(text, str) else text) for name, text in record.headers
    ]
    return RecordDecoder(AvroDecoder(registry)).decode(record.value, headers)


@pytest.mark.parametrize("content", ["structured", "binary"])
@pytest.mark.parametrize(
    "event", [READING, READING._replace(boot=3, uptime=17), Replayed(*READING)], ids=str
)
def test_what_the_sink_writes_as_json_is_the_same_event(content, event):
    (found,) = decoded(encoder(content, ENVELOPE)(event))
    assert isinstance(found, ReceivedEvent)
    assert found.decoded == msgspec.json.decode(ENVELOPE.encode(event))
    assert (found.trusted, found.replay) == (event.boot is None, isinstance(event, Replayed))


def logged_sample(path):
    """Return a golden sample of a kind as its log has it."""
    sample = json.loads(path.read_text())
    kind = sample["type"].split(".")[1]
    return LoggedEvent(
        7, 1_764_240_000_123_457, None, None, kind, "air", json.dumps(sample["data"])
    )


@pytest.mark.parametrize("content", ["structured", "binary"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_the_sink_writes_as_avro_has_the_same_attributes_and_data(path, content):
    event = logged_sample(path)
    body = AvroEncoder(ENVELOPE)
    body.open()
    (found,) = decoded(avro_encoder(content, ENVELOPE, body)(event))
    sent = msgspec.json.decode(ENVELOPE.encode(event))
    assert isinstance(found, ReceivedEvent)
    assert (found.id, found.decoded["time"]) == (sent["id"], sent["time"])
    # Avro has no word for "left out": a null that is a default reads as absent.
    assert {name: found.data.get(name) for name in sent["data"]} == sent["data"]


@pytest.mark.parametrize("kinds", [("reading",), KINDS])
def test_a_registered_schema_is_asked_for_once_also_if_it_is_a_union(kinds):
    subject = SchemaSubject("t", tuple(kinds))
    registry = NoRegistry(subject.schema)
    body = AvroEncoder(ENVELOPE, lambda: dict(subject.headers(7)))
    body.open()
    decode = RecordDecoder(AvroDecoder(registry)).decode
    record = avro_encoder("structured", ENVELOPE, body)(READING)
    for _ in range(3):
        (found,) = decode(record.value, record.headers)
        assert found.data["values"] == {"temperature": 21.5}
    assert registry.asked == 1


AVRO = [("content-type", b"application/avro")]
BAD = {
    "a tombstone": (None, [], "without a value"),
    "foreign bytes": (b"\xff{", [], "not JSON"),
    "foreign JSON": (b"[1]", [], "not an object"),
    "too large": (b" " * (LARGEST + 1), [], "larger than"),
    "binary data that is not JSON": (b"{", [("ce_id", b"a:1")], "not JSON"),
    "a header that is no text": (b"{}", [("ce_id", b"\xff"), ("x", None)], "missing"),
    "Avro without a header": (b"abc", AVRO, "neither a fingerprint nor the id"),
    "an unknown fingerprint": (
        b"\xc3\x01" + b"x" * 20,
        AVRO,
        "fingerprint of its Avro schema is unknown",
    ),
    "no registry": (b"\0\0\0\0\7x", AVRO, "none is given"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_event_is_a_dead_letter_with_its_reason(case):
    value, headers, reason = BAD[case]
    (found,) = RecordDecoder(AvroDecoder(None)).decode(value, headers)
    assert isinstance(found, DeadLetter)
    assert reason in found.reason


@pytest.mark.parametrize("body", [b"\0\0\0\0\7\xff", b"\0\0\0\0\7", b"\0\0\0\0\10x"])
def test_a_record_that_its_registered_schema_does_not_fit_is_a_dead_letter(body):
    registry = NoRegistry(SchemaSubject("t", ("reading",)).schema)
    (found,) = RecordDecoder(AvroDecoder(registry)).decode(body, AVRO)
    assert isinstance(found, DeadLetter)


def test_nothing_is_committed_beyond_the_oldest_open_record_of_its_partition():
    place = OwnedPartition(0)
    place.skip(4)
    assert place.done == 5
    first, second = place.hand_over(5), place.hand_over(6)
    place.skip(7)
    place.acknowledge(first)
    assert place.done == 6
    place.acknowledge(second)
    assert place.done == 8


class Topic:
    """A reader of records that a test gives it."""

    lost = 0

    def __init__(self, *records):
        self.records = list(records)
        self.waited = self.commits = 0

    def open(self):
        self.opened = True

    def take(self, seconds, most):
        taken, self.records = self.records[:most], self.records[most:]
        return taken

    def wait(self, seconds):
        self.waited += 1
        return []

    def problems(self):
        return []

    def commit(self):
        self.commits += 1

    def close(self):
        self.closed = True


def records(place, count, node="greenhouse"):
    envelope = Envelope(node, "a1b2c3")
    made = (encoder("structured", envelope)(READING._replace(offset=n)) for n in range(count))
    return [Taken(place, n, one.value, one.headers) for n, one in enumerate(made)]


def test_events_of_other_nodes_are_done_with_and_do_not_arrive():
    place = OwnedPartition(0)
    source = KafkaSource(
        Topic(*records(place, 10, "cellar")), RecordDecoder(AvroDecoder(None)), ["greenhouse"]
    )
    assert source.receive(0) == []
    assert place.done == 10


def test_beyond_its_bound_a_source_takes_nothing_until_some_is_acknowledged():
    topic = Topic(*records(OwnedPartition(0), MOST + 10))
    source = KafkaSource(topic, RecordDecoder(AvroDecoder(None)))
    got = sum(len(source.receive(0)) for _ in range(20))
    assert (got, topic.waited > 0) == (MOST, True)
    source.acknowledge(MOST)
    assert len(source.receive(0)) == 10


def test_what_is_acknowledged_after_its_partition_is_revoked_is_not_committed():
    place = OwnedPartition(0)
    source = KafkaSource(Topic(*records(place, 3)), RecordDecoder(AvroDecoder(None)))
    assert len(source.receive(0)) == 3
    place.owned = False
    source.acknowledge(3)
    assert not place.dirty


def test_records_wait_for_the_registry_and_come_in_their_order():
    subject = SchemaSubject("t", ("reading",))
    body = AvroEncoder(ENVELOPE, lambda: dict(subject.headers(7)))
    body.open()
    write = avro_encoder("structured", ENVELOPE, body)
    made = [write(READING._replace(offset=n)) for n in range(3)]
    topic = Topic(
        *(Taken(OwnedPartition(0), n, one.value, one.headers) for n, one in enumerate(made))
    )
    registry, now = NoRegistry(subject.schema), [0.0]
    registry.there = False
    source = KafkaSource(topic, RecordDecoder(AvroDecoder(registry)), monotonic=lambda: now[0])
    assert list(source.receive(0)) == []
    assert list(source.receive(0)) == []  # within the pause
    assert (registry.asked, topic.waited) == (1, 1)
    registry.there, now[0] = True, 100.0
    assert [one.offset for one in source.receive(0)] == [0, 1, 2]


WRONG = {
    "kafka://host": "no topic",
    "kafka://host/t?tls=maybe": "expected true or false",
    "kafka://host/t?tsl=true": "'tsl' is unknown",
    "kafka://me:secret@host/t": "credentials do not belong in the URL",
    "eventhubs://host/t": "no connection string",
    "kafka://host/t?registry=ftp://x": "no URL of a registry",
}


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_refused_with_its_reason_and_without_a_secret(url):
    with pytest.raises(AgentError, match=WRONG[url]) as refused:
        source_of(SourcePlan(url=url))
    assert "secret" not in str(refused.value)


def test_a_member_needs_a_group():
    with pytest.raises(AgentError, match="a member needs a group"):
        source_of(SourcePlan(url="kafka://host/t", member="one"))
