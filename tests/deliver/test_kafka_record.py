"""Records as the CloudEvents SDK reads them: a reader that nobody here wrote."""

import json

import pytest
from cloudevents.v1.kafka import KafkaMessage, from_binary, from_structured

from edge_agent.deliver.encoding.avro import AvroEncoder
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.record import avro_encoder, encoder

READERS = {"structured": from_structured, "binary": from_binary}


def stored(headers):
    """Return headers as a topic has them: the library writes a text as UTF-8."""
    return {name: value.encode() if isinstance(value, str) else value for name, value in headers}


@pytest.mark.parametrize("content", READERS)
def test_the_cloudevents_sdk_reads_a_record(content, events):
    (event,) = events(1, data='{"unit":"\u00b0C","n":1}')
    record = encoder(content, Envelope("greenhouse", "c0ffee"))(event)
    read = READERS[content](KafkaMessage(stored(record.headers), "greenhouse/air", record.value))
    assert read["id"] == "c0ffee:1"
    assert read["source"] == "urn:edge:greenhouse"
    assert read["subject"] == "air"
    assert read["type"].startswith("edge.reading")
    data = read.data if isinstance(read.data, dict) else json.loads(read.data)
    assert data == {"unit": "\u00b0C", "n": 1}


def test_a_binary_record_has_the_data_alone_and_says_its_type(events):
    (event,) = events(1, data='{"n":1}')
    record = encoder("binary", Envelope("greenhouse", "c0ffee"))(event)
    assert record.value == b'{"n":1}'
    assert stored(record.headers)["content-type"] == b"application/json"
    assert "ce_datacontenttype" not in stored(record.headers)


@pytest.mark.parametrize("content", READERS)
def test_an_avro_record_has_the_whole_event_as_value_whatever_its_headers(content, events):
    (event,) = events(1, data='{"values":{},"quality":"good"}')
    envelope = Envelope("greenhouse", "c0ffee")
    body = AvroEncoder(envelope)
    body.open()
    record = avro_encoder(content, envelope, body)(event)
    headers = stored(record.headers)
    assert record.value == body.encode(event)
    assert headers.pop("content-type") == b"application/avro"
    assert headers.get("ce_id") == (b"c0ffee:1" if content == "binary" else None)
