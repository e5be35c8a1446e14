import contextlib
import queue
import random
import socket
import struct
import threading

import pytest

from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.mqtt.address import Broker, parse_url
from edge_agent.deliver.mqtt.connection import Connection
from edge_agent.deliver.mqtt.events import MqttEvents
from edge_agent.deliver.mqtt.state import LiveState
from edge_agent.events import LoggedEvent

SECONDS = 60  # a deadline that a slow machine keeps, too


def logged(offset, data='{"n":1}', kind="reading"):
    return LoggedEvent(offset, 1_700_000_000_000_000 + offset, None, None, kind, "air", data)


@pytest.fixture
def events():
    return lambda count, first=1, **more: [logged(first + n, **more) for n in range(count)]


class ScriptedBroker:
    """An MQTT broker that answers each kind of packet as the test says.

    `puback` returns a reason code, None for silence, or "close".
    """

    def __init__(self, *, connack=b"\0\0\0", puback=lambda _n: 0, pong=True, versions=(4, 5)):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self.connack, self.puback, self.pong, self.versions = connack, puback, pong, versions
        self.published = []
        self.connects = []
        self.unacknowledged = self.most_unacknowledged = 0
        self.clients = []
        self._threads = []
        self._acceptor = self._start(self._accept)

    def _start(self, run, *arguments):
        thread = threading.Thread(target=run, args=arguments, name="scripted broker")
        thread.start()
        return thread

    def _accept(self):
        with contextlib.suppress(OSError):  # `close` shuts the server's socket down
            while True:
                client, _ = self._server.accept()
                self.clients.append(client)
                self._threads.append(self._start(self._serve, client))

    def _serve(self, client):
        with contextlib.suppress(OSError), client, client.makefile("rb") as stream:
            while head := stream.read(1):
                answer = self._answer(head[0], stream.read(self._length(stream)))
                if answer is None:
                    client.shutdown(socket.SHUT_WR)
                    stream.read()  # to the end: unread bytes would make the kernel reset
                    return
                client.sendall(answer)

    def _length(self, stream):
        length = shift = 0
        while True:
            byte = stream.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return length

    def _answer(self, head, body):
        kind = head >> 4
        if kind == 1:
            self.connects.append(body[6])
            if body[6] not in self.versions:
                return None
            return self._connack(body[6])
        if kind == 3:
            return self._publish(head, body)
        if kind == 12 and self.pong:
            return b"\xd0\0"
        return b""

    def _connack(self, version):
        if self.connack is None:
            return b""
        body = self.connack if version == 5 else self.connack[:2]
        return bytes([0x20, len(body)]) + body

    def _publish(self, head, body):
        end = 2 + struct.unpack("!H", body[:2])[0]
        topic = body[2:end].decode()
        if not head & 0x06:
            return b""
        mid = body[end : end + 2]
        self.published.append((topic, body[end + 2 :]))
        self.unacknowledged += 1
        self.most_unacknowledged = max(self.most_unacknowledged, self.unacknowledged)
        ours = sum("/event/" in one or one.endswith("/batch") for one, _ in self.published)
        reason = self.puback(ours) if topic not in ("edge/n/status", "edge/n/info") else 0
        if reason is None:
            return b""
        if reason == "close":
            return None
        self.unacknowledged -= 1
        if self.connects[-1] == 5:
            return b"\x40\x03" + mid + bytes([reason])
        return b"\x40\x02" + mid

    def close(self):
        """End every thread: those that accept and serve wait in a system call of a socket."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._server.close()
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


@pytest.fixture
def scripted():
    brokers = []

    def make(**behaviour):
        brokers.append(ScriptedBroker(**behaviour))
        return brokers[-1]

    yield make
    for each in brokers:
        each.close()


class Client:
    """A connection on its thread with an event sink on top, as the agent builds them."""

    def __init__(self, *urls, max_batch=1, retained=True, versions=(5, 4), **more):
        self.ups = queue.SimpleQueue()
        broker_keys = {k: more.pop(k) for k in list(more) if k in Broker._fields}
        self.state = LiveState("edge/n", b'{"version":"1"}', retained=retained)
        self.connection = Connection(
            Broker(tuple(map(parse_url, urls)), "edge-n", versions=versions, **broker_keys),
            self.state,
            changed=self.ups.put,
            backoff=Backoff(random.Random(1).random),
            **more,
        )
        envelope = Envelope("n", "log")
        self.sink = MqttEvents("edge/n", envelope, self.connection.post, max_batch=max_batch)
        self.thread = threading.Thread(target=self.connection.run)
        self.thread.start()

    def up(self):
        assert self.ups.get(timeout=SECONDS) is True
        return self

    def down(self):
        assert self.ups.get(timeout=SECONDS) is False
        return self

    def stop(self):
        self.connection.post(None)
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def client():
    clients = []

    def make(*urls, **more):
        clients.append(Client(*urls, **more))
        return clients[-1]

    yield make
    for each in clients:
        each.stop()
        each.connection.close()
