"""The packets that the agent writes and reads itself: byte for byte what paho makes of them."""

import paho.mqtt.client as paho
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt import _packet
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.deliver.mqtt.client import LAST_ID, BoundedClient
from edge_agent.deliver.mqtt.content_type import ContentType
from edge_agent.deliver.mqtt.packets import acknowledged, publish, publish_all, refusal

PLAIN = b"\x40\x02\x00\x07"
UNHEARD = b"\x40\x03\x00\x08\x10"  # MQTT 5: no subscriber matches


def written_by_paho(topic, payload, mid, retain, version, properties):
    """Return what paho puts on the wire."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=version)
    sent = []
    client._packet_queue = lambda _command, packet, *_: sent.append(bytes(packet))
    client._sock = client
    client._send_publish(
        mid, topic.encode(), payload, int(mid > 0), retain, False, None, properties
    )
    client._sock = None
    return sent[0]


@given(
    topic=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    size=st.sampled_from([0, 1, 90, 125, 126, 127, 128, 16_300, 16_383, 16_384, 2_097_200]),
    mid=st.integers(0, 65_535),
    retain=st.booleans(),
    version=st.sampled_from([MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5]),
)
def test_a_message_is_what_paho_writes(topic, size, mid, retain, version):
    properties, packed = None, b""
    if version is MQTTProtocolVersion.MQTTv5:
        properties = ContentType("application/json")
        packed = properties.pack()
    expected = written_by_paho(topic, b"x" * size, mid, retain, version, properties)
    assert publish(topic, b"x" * size, mid, retain=retain, properties=packed) == expected


@given(sizes=st.lists(st.sampled_from([0, 90, 125, 16_300])), first=st.integers(1, 65_000))
def test_many_messages_are_what_each_of_them_is(sizes, first):
    messages = [(f"edge/n/event/reading/air{n}", b"x" * size) for n, size in enumerate(sizes)]
    mids = range(first, first + len(sizes))
    assert publish_all(messages, mids, b"\0") == [
        publish(*message, mid, retain=False, properties=b"\0")
        for message, mid in zip(messages, mids, strict=True)
    ]


def test_ids_begin_again_behind_the_last_one_and_leave_out_those_on_their_way():
    client = BoundedClient("n", MQTTProtocolVersion.MQTTv5, lambda _: None, lambda *_: None)
    client._last_mid = LAST_ID - 2
    assert client.next_ids(3, {LAST_ID, 2}) == [LAST_ID - 1, 1, 3]
    assert client.next_ids(0, set()) == []
    assert client.next_ids(2, {4}) == [5, 6]


def test_several_acknowledgements_are_taken_at_once():
    assert acknowledged(PLAIN + UNHEARD + PLAIN[:3]) == ([7, 8], 9)


@pytest.mark.parametrize(
    "other",
    [
        b"\x40\x03\x00\x07\x87",
        b"\x40\x04\x00\x07\x87\x00",
        b"\x40\x06\x00\x07\x00\x02\x1f\x00",
        b"\x40\x00",
        b"\x40\x01\x00",
        b"\x40\x82\x00\x00\x07",
        b"\x41\x02\x00\x07",
        b"\xe0\x00",
        b"\x30\x02\x00\x07",
    ],
    ids=lambda packet: packet.hex(),
)
def test_what_says_more_than_that_the_broker_has_the_message_is_left_to_paho(other):
    assert acknowledged(PLAIN + other + PLAIN) == ([7], 4)


@given(received=st.binary(max_size=40))
@example(PLAIN * 3)
@example(UNHEARD + b"\x40\x04\x00\x09\x00\x00")
def test_what_is_acknowledged_is_what_paho_reads(received):
    mids, length = acknowledged(received)
    rest = received[:length]
    for mid in mids:
        size = rest[1]
        body, rest = rest[2 : 2 + size], rest[2 + size :]
        read = _packet.decode_puback(0x40, body, MQTTProtocolVersion.MQTTv5)
        assert (read.mid, read.reason.is_failure) == (mid, False)
    assert rest == b""


@given(mid=st.integers(0, 65_535), code=st.sampled_from([0x00, 0x10, 0x80, 0x87, 0x97]))
def test_a_refusal_has_the_code_of_the_broker(mid, code):
    properties = Properties(PacketTypes.PUBACK)
    properties.ReasonString = "no"
    assert refusal(mid.to_bytes(2) + bytes([code]) + properties.pack()) == (mid, code)


@pytest.mark.parametrize("packet", [b"", b"\x00"])
def test_an_acknowledgement_without_an_id_is_none(packet):
    with pytest.raises(ValueError, match="b'"):
        refusal(packet)
