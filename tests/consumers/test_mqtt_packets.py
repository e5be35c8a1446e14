"""What the MQTT source does itself instead of paho: messages, reads, acknowledgements."""

import socket
import ssl

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from consumers.sources.mqtt.client import SubscriberClient
from consumers.sources.mqtt.message import MqttMessage, message_in
from consumers.sources.mqtt.read_ahead import ReadAhead

TOPIC = b"\x00\x03a/b"
QOS_0, QOS_1 = 0x30, 0x32


def properties(count):
    """Properties as a publisher packs them."""
    found = Properties(PacketTypes.PUBLISH)
    found.ContentType = "application/json"
    found.UserProperty = [("key", "value")] * count
    return found.pack()


def test_a_message_of_mqtt_3_1_1_has_no_properties():
    found = message_in(QOS_1, TOPIC + b"\x01\x02{}", properties=False)
    assert found == MqttMessage(b"a/b", b"{}", 0x102)


@pytest.mark.parametrize("count", [0, 1, 20, 2000])
def test_properties_of_any_length_are_passed_over(count):
    found = message_in(QOS_1, TOPIC + b"\x00\x07" + properties(count) + b"{}", properties=True)
    assert found == MqttMessage(b"a/b", b"{}", 7)


def test_a_message_that_needs_no_acknowledgement_has_no_id():
    assert message_in(QOS_0, TOPIC + b"\x00{}", properties=True) == MqttMessage(b"a/b", b"{}", 0)


def test_a_message_may_be_empty():
    assert message_in(QOS_1, TOPIC + b"\x00\x07\x00", properties=True).payload == b""


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x00",
        b"\x00\x09a/b",
        TOPIC,
        TOPIC + b"\x00",
        TOPIC + b"\x00\x07",
        TOPIC + b"\x00\x07\x80",
        TOPIC + b"\x00\x07\x05{}",
        TOPIC + b"\x00\x07" + b"\xff" * 300_000,
    ],
)
def test_what_breaks_the_protocol_is_an_error(packet):
    with pytest.raises((ValueError, IndexError)):
        message_in(QOS_1, packet, properties=True)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ReadAhead(ours), theirs


def test_one_read_serves_many_calls(pair):
    sock, other = pair
    other.sendall(b"abcdef")
    assert (sock.pending(), sock.recv(1), sock.pending()) == (0, b"a", 5)
    other.sendall(b"g")
    assert [sock.recv(2), sock.recv(9), sock.pending(), sock.recv(9)] == [b"bc", b"def", 0, b"g"]
    with pytest.raises(BlockingIOError):
        sock.recv(1)
    other.close()
    assert sock.recv(1) == b""


class Tls:
    """A TLS socket with a record that was read in part."""

    def recv(self, most):
        raise ssl.SSLWantReadError

    def pending(self):
        return 3


def test_what_the_tls_layer_holds_is_pending():
    assert ReadAhead(Tls()).pending() == 3


class Recorded(SubscriberClient):
    """A client that sends nothing."""

    sent = ()

    def _sock_send(self, buf):
        self.sent += (bytes(buf),)
        return len(buf)


@pytest.mark.parametrize("version", [4, 5])
def test_acknowledgements_leave_with_one_write(version):
    client = Recorded("c", version, [].append, keep=False)
    client._sock = object()
    client.acknowledge([1, 2, 0x1234])
    assert client.sent == (b"\x40\x02\x00\x01\x40\x02\x00\x02\x40\x02\x12\x34",)
    client._sock = None
