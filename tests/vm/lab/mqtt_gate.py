"""A TLS proxy before a broker that holds clients to what a cloud service takes.

The rules are written from the services' documents, not from the agent's profiles: a client that
breaks one loses its connection, as it would there, and the reason is in `violations`.
"""

import base64
import contextlib
import hashlib
import hmac
import re
import select
import socket
import ssl
import struct
import time
import urllib.parse
from typing import NamedTuple

from lab.listener import Listener

CONNECT, PUBLISH, PUBACK, SUBSCRIBE = 1, 3, 4, 8


class Connect(NamedTuple):
    """A CONNECT packet."""

    level: int
    client_id: str
    username: str
    password: str
    will_retain: bool
    will_qos: int
    will_topic: str
    properties: bytes


def text(body, at):
    end = at + 2 + struct.unpack("!H", body[at : at + 2])[0]
    return body[at + 2 : end], end


def variable(body, at):
    """Return a number of variable length, and where it ends."""
    value = shift = 0
    while True:
        value |= (body[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not body[at - 1] & 0x80:
            return value, at


def properties(body, at, level):
    if level < 5:
        return b"", at
    length, at = variable(body, at)
    return body[at : at + length], at + length


def read_connect(body):
    _, at = text(body, 0)
    level, flags = body[at], body[at + 1]
    found, at = properties(body, at + 4, level)
    client_id, at = text(body, at)
    topic = username = password = b""
    if flags & 0x04:
        _, at = properties(body, at, level)
        topic, at = text(body, at)
        _, at = text(body, at)
    if flags & 0x80:
        username, at = text(body, at)
    if flags & 0x40:
        password, at = text(body, at)
    names = (one.decode() for one in (client_id, username, password))
    will = bool(flags & 0x20), flags >> 3 & 3, topic.decode()
    return Connect(level, *names, *will, found)


class AwsIot:
    """X.509; QoS 0 and 1; 128 KB; 256 bytes and 7 slashes of topic; 100 in flight; 8 filters."""

    in_flight, largest, client_certificate = 100, 128 * 1024, True

    def connect(self, packet):
        if packet.level not in (4, 5) or not 0 < len(packet.client_id) <= 128:
            return "client id or version"
        return "user name" if packet.username else ""

    def topic(self, _connect, topic, retain):
        if topic.startswith("$") or topic.count("/") > 7 or len(topic.encode()) > 256:
            return f"topic {topic}"
        return ""

    def filters(self, _connect, filters):
        return "filters" if len(filters) > 8 else ""


class EventGrid:
    """X.509; MQTT 5; a user name; nothing retained, no user properties; 512 KiB."""

    in_flight, largest, client_certificate = 65_535, 512 * 1024, True

    def connect(self, packet):
        if packet.level != 5 or packet.username != "greenhouse-authn":
            return f"version or user name: {packet}"
        if packet.will_retain or packet.properties[:1] == b"\x26":
            return "a will that is retained, or user properties"
        return ""

    def topic(self, _connect, topic, retain):
        return f"retained {topic}" if retain else ""

    def filters(self, _connect, filters):
        return ""


class AzureIotHub:
    """A token of the device's key; MQTT 3.1.1; one topic for events; nothing retained; 256 KB."""

    in_flight, largest, client_certificate = 65_535, 256 * 1024, False
    TOKEN = re.compile(r"SharedAccessSignature sr=([^&]+)&sig=([^&]+)&se=([0-9]+)")

    def __init__(self, host, device, key):
        self._host, self._device, self._key = host, device, key
        self.ends = []  # of the tokens that came

    def connect(self, packet):
        name = f"{self._host}/{self._device}/?api-version=2021-04-12"
        if (packet.level, packet.client_id, packet.username) != (4, self._device, name):
            return f"client id, version or user name: {packet}"
        if packet.will_topic and not packet.will_topic.startswith(self._events):
            return "a will on a foreign topic"
        return "will" if packet.will_retain else self._token(packet.password)

    def _token(self, password):
        found = self.TOKEN.fullmatch(password)
        if not found:
            return "no token"
        resource, signature, end = found.groups()
        self.ends.append(int(end))
        if urllib.parse.unquote(resource) != f"{self._host}/devices/{self._device}":
            return "the token of another device"
        signed = hmac.new(
            base64.b64decode(self._key), f"{resource}\n{end}".encode(), hashlib.sha256
        )
        if base64.b64encode(signed.digest()).decode() != urllib.parse.unquote(signature):
            return "a wrong signature"
        return "a token that has ended" if int(end) < time.time() else ""

    @property
    def _events(self):
        return f"devices/{self._device}/messages/events/"

    def topic(self, _connect, topic, retain):
        if retain or not topic.startswith(self._events):
            return f"topic {topic}, retained {retain}"
        return "end of the token" if self.ends[-1] < time.time() else ""

    def filters(self, _connect, filters):
        wanted = [f"devices/{self._device}/messages/devicebound/#"]
        return "" if filters == wanted else f"filters {filters}"


class Gate(Listener):
    """Listens with TLS, and passes on to the broker at `port` what `service` takes."""

    def __init__(self, port, service, certificates):
        super().__init__()
        self._broker_port, self._service = port, service
        self.violations = []
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_verify_locations(certificates / "ca.pem")
        self._context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        if service.client_certificate:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # 3.13 refuses a plain CA
        self.url = f"mqtts://127.0.0.1:{self.port}"
        self._sockets = []
        self.listen()

    def serve(self, client):
        with contextlib.suppress(OSError, ValueError), client:  # ValueError: `close` was faster
            broker = socket.create_connection(("127.0.0.1", self._broker_port))
            self._sockets += [client, broker]
            with broker, self._context.wrap_socket(client, server_side=True) as secure:
                self._sockets.append(secure)
                Relay(self, self._service, secure, broker).run()

    def cut(self):
        for one in self._sockets:
            with contextlib.suppress(OSError):  # SSLSocket's own would continue in plain text
                socket.socket.shutdown(one, socket.SHUT_RDWR)


class Relay:
    """One connection, packet by packet."""

    def __init__(self, gate, service, client, broker):
        self._gate, self._service = gate, service
        self._client, self._broker = client, broker
        self._connect = None
        self._in_flight = set()

    def run(self):
        while True:
            both = [self._client, self._broker]  # one thread: TLS is not for two
            ready = both[:1] if self._client.pending() else select.select(both, [], [])[0]
            if self._client in ready and not self._pass_on():
                return
            if self._broker in ready and not self._pass_back():
                return

    def _pass_on(self):
        packet = read_packet(self._client)
        if packet is None:
            return False
        if reason := self._refusal(*packet):
            self._gate.violations.append(reason)
            return False
        self._broker.sendall(packet[2])
        return True

    def _pass_back(self):
        packet = read_packet(self._broker)
        if packet is None:
            return False
        head, body, whole = packet
        if head >> 4 == PUBACK:
            self._in_flight.discard(body[:2])
        self._client.sendall(whole)
        return True

    def _refusal(self, head, body, _whole):
        kind = head >> 4
        if kind == CONNECT:
            self._connect = read_connect(body)
            return self._service.connect(self._connect)
        if self._connect is None:
            return "no CONNECT"
        if kind == PUBLISH:
            return self._refused_message(head, body)
        if kind == SUBSCRIBE:
            return self._service.filters(self._connect, self._filters(body))
        return ""

    def _refused_message(self, head, body):
        qos, retain = head >> 1 & 3, bool(head & 1)
        topic, at = text(body, 0)
        if qos > 1:
            return "QoS 2"
        if qos:
            self._in_flight.add(body[at : at + 2])
        if len(self._in_flight) > self._service.in_flight:
            return f"{len(self._in_flight)} in flight"
        if len(body) > self._service.largest:
            return f"{len(body)} bytes"
        return self._service.topic(self._connect, topic.decode(), retain)

    def _filters(self, body):
        _, at = properties(body, 2, self._connect.level)
        found = []
        while at < len(body):
            name, at = text(body, at)
            found.append(name.decode())
            at += 1
        return found


def read_packet(sock):
    """Return the first byte, the body and the whole packet; None at the end."""
    head = sock.recv(1)
    if not head:
        return None
    length = b""
    while not length or length[-1] & 0x80:
        length += sock.recv(1) or b"\0"
    size, _ = variable(length, 0)
    body = b""
    while len(body) < size:
        part = sock.recv(size - len(body))
        if not part:
            return None
        body += part
    return head[0], body, head + length + body
