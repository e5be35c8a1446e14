"""What a broker may say at CONNACK and DISCONNECT: the agent keeps to it, or goes on."""

import struct

import pytest

from edge_agent.deliver.mqtt.session import Session


def text(identifier, value):
    return bytes([identifier]) + struct.pack("!H", len(value)) + value


def connack(*properties, code=0):
    body = b"".join(properties)
    return bytes([0, code, len(body)]) + body


ODD = {
    "server keep alive 1": b"\x13\0\x01",
    "server keep alive 0": b"\x13\0\0",
    "assigned client id": text(0x12, b"auto-1"),
    "receive maximum 1": b"\x21\0\x01",
    "topic alias maximum": b"\x22\0\x0a",
    "session expiry": b"\x11\xff\xff\xff\xff",
    "no wildcards": b"\x28\0",
    "no subscription ids": b"\x29\0",
    "no shared subscriptions": b"\x2a\0",
    "no retain": b"\x25\0",
    "response information": text(0x1A, b"answers/"),
    "server reference": text(0x1C, b"other.example:1883"),
    "reason": text(0x1F, b"because"),
    "user property": b"\x26\0\x01a\0\x01b",
    "packet size 0xffffffff": b"\x27\xff\xff\xff\xff",
}


@pytest.mark.parametrize("odd", ODD)
def test_events_are_delivered_whatever_the_connack_says(scripted, client, events, odd):
    broker = scripted(connack=connack(ODD[odd]))
    assert client(broker.url).up().deliver_all(events(30)) == {}


def test_a_broker_that_takes_one_message_at_a_time_gets_one_at_a_time(scripted, client, events):
    broker = scripted(connack=connack(ODD["receive maximum 1"]))
    client(broker.url).up().deliver_all(events(30))
    assert broker.most_unacknowledged == 1


@pytest.mark.parametrize("code", [0x9C, 0x9D])
def test_a_redirection_is_an_error_with_its_reason_and_is_tried_again(
    scripted, client, wait_for, caplog, code
):
    broker = scripted(connack=connack(ODD["server reference"], code=code))
    one = client(broker.url)
    one.connection._backoff.next = lambda *_: 0.0
    wait_for(lambda: len(broker.connects) > 2)
    broker.connack = b"\0\0\0"
    one.up()
    assert "refuses: " in caplog.text


@pytest.mark.parametrize("code", [0x00, 0x81, 0x82, 0x89, 0x8B, 0x8D, 0x8E, 0x93, 0x9C, 0x9D, 0xA2])
def test_after_any_disconnect_the_events_are_delivered_again(scripted, client, events, code):
    said, where = [], ODD["server reference"]

    def puback(_n):
        if said:
            return 0
        said.append(code)
        return bytes([0xE0, 2 + len(where), code, len(where)]) + where

    broker = scripted(puback=puback)
    one = client(broker.url)
    one.connection._backoff.next = lambda *_: 0.0
    assert one.up().deliver_all(events(5)) == {}


def test_a_broker_with_qos_0_only_is_named(scripted, client, events, wait_for, caplog):
    broker = scripted(connack=connack(b"\x24\0"))
    client(broker.url)
    wait_for(lambda: "takes messages with QoS 0 only, and acknowledges none" in caplog.text)
    assert not broker.published


def test_pings_are_as_frequent_as_the_broker_wants_them(scripted, client, wait_for, monkeypatch):
    pauses, pump = [], Session.pump

    def recorded(session, wake, timeout):
        pauses.append(timeout)
        return pump(session, wake, timeout)

    monkeypatch.setattr(Session, "pump", recorded)
    client(scripted(connack=connack(ODD["server keep alive 1"])).url).up()
    pauses.clear()
    wait_for(lambda: len(pauses) > 3)
    assert max(pauses) <= 0.25
