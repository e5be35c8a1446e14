"""Records as the CloudEvents SDK reads them: a reader that nobody here wrote."""

import json

import pytest
from cloudevents.v1.kafka import KafkaMessage, from_binary, from_structured

from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.record import encoder

READERS = {"structured": from_structured, "binary": from_binary}


@pytest.mark.parametrize("content", READERS)
def test_the_cloudevents_sdk_reads_a_record(content, events):
    (event,) = events(1, data='{"unit":"\u00b0C","n":1}')
    record = encoder(content, Envelope("greenhouse", "c0ffee"))(event)
    read = READERS[content](KafkaMessage(dict(record.headers), "greenhouse/air", record.value))
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
    assert dict(record.headers)["content-type"] == b"application/json"
    assert "ce_datacontenttype" not in dict(record.headers)
