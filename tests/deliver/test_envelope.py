import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.deliver.envelope import OVERHEAD, Envelope, split
from edge_agent.events import KINDS, LATEST, LoggedEvent, Replayed

ENVELOPE = Envelope("greenhouse", "a1b2")
EVENT = LoggedEvent(7, 1_700_000_000_123_456, None, None, "reading", "air", '{"values":{"t":21.5}}')
texts = st.text(max_size=300)


def logged(offset, data):
    return EVENT._replace(offset=offset, data=json.dumps({"text": data}))


def test_an_event_is_a_cloudevent_with_the_logs_id_and_offset():
    assert json.loads(ENVELOPE.encode(EVENT)) == {
        "specversion": "1.0",
        "id": "a1b2:7",
        "source": "urn:edge:greenhouse",
        "type": "edge.reading.v1",
        "subject": "air",
        "time": "2023-11-14T22:13:20.123456Z",
        "sequence": "0000000000000007",
        "datacontenttype": "application/json",
        "data": {"values": {"t": 21.5}},
    }


@given(
    st.integers(1, 2**63 - 1),
    st.integers(0, 2**52) | st.integers(0, 2**32).map(lambda second: second * 1_000_000),
    st.sampled_from(sorted(KINDS)),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_the_json_is_that_of_the_contract(offset, time, kind, source):
    event = EVENT._replace(offset=offset, time=time, kind=kind, source=source)
    whole = msgspec.json.encode(ENVELOPE.wrap(event))
    assert ENVELOPE.encode(event) == whole
    assert ENVELOPE.encode_batch([event, EVENT]) == b"[%b,%b]" % (whole, ENVELOPE.encode(EVENT))


def test_a_time_that_is_not_to_be_trusted_says_so():
    event = json.loads(ENVELOPE.encode(EVENT._replace(boot=3, uptime=5_000_000)))
    assert (event["clock"], event["bootid"], event["uptime"]) == ("unsynchronised", 3, "5000000")


@given(st.integers(0, LATEST), st.sampled_from(sorted(KINDS)))
def test_attributes_are_texts_with_what_the_json_says(time, kind):
    untrusted = EVENT._replace(time=time, kind=kind, boot=3, uptime=5_000_000)
    event = json.loads(ENVELOPE.encode(untrusted))
    del event["data"]
    assert ENVELOPE.attributes(untrusted) == event | {"bootid": "3"}


def test_a_replayed_event_is_the_same_event_marked_as_such():
    replayed = Replayed(*EVENT)
    assert json.loads(ENVELOPE.encode(replayed)) == {
        **json.loads(ENVELOPE.encode(EVENT)),
        "replay": True,
    }
    assert ENVELOPE.attributes(replayed) == {**ENVELOPE.attributes(EVENT), "replay": "true"}


def test_sequence_orders_as_text():
    sequences = [
        json.loads(ENVELOPE.encode(EVENT._replace(offset=offset)))["sequence"]
        for offset in (9, 10, 99, 100, 12_345_678)
    ]
    assert sequences == sorted(sequences)


def test_the_same_event_is_the_same_bytes_at_every_delivery():
    assert ENVELOPE.encode(EVENT) == Envelope("greenhouse", "a1b2").encode(EVENT)


@given(st.lists(texts, max_size=30), st.integers(1, 10), st.integers(1, 5000))
def test_groups_hold_every_event_once_in_order_and_keep_their_limits(data, count, size):
    events = [logged(n, text) for n, text in enumerate(data)]
    groups = split(events, count, size)
    assert [event for group in groups for event in group] == events
    assert all(1 <= len(group) <= count for group in groups)
    assert all(len(ENVELOPE.encode_batch(g)) <= size for g in groups if len(g) > 1)


@given(texts)
def test_the_overhead_covers_the_longest_names(text):
    longest = {"kind": "lifecycle", "source": "s" * 64, "boot": 2**31, "uptime": 2**60}
    event = logged(2**63, text)._replace(**longest)
    encoded = Envelope("n" * 64, "f" * 16).encode(Replayed(*event))
    assert len(encoded) - len(event.data.encode()) <= OVERHEAD
