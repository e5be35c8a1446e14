import contextlib
import json
import queue
import random
import socket
import struct
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from lab.event_server import EventServer
from lab.listener import Listener
from lab.scripted_server import ScriptedServer

from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.http import sink as http_sink
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.deliver.mqtt.address import Broker, parse_url
from edge_agent.deliver.mqtt.connection import Connection
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.sink import MqttSink
from edge_agent.deliver.mqtt.state import LiveState, LiveTopics
from edge_agent.deliver.mqtt.topics import AgentTopics
from edge_agent.deliver.sink import About, SinkContext, SinkPlan
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent
from tests.deliver.fake_home_assistant import FakeHomeAssistant

SECONDS = 60  # a deadline that a slow machine keeps, too


def logged(offset, data='{"n":1}', kind="reading"):
    return LoggedEvent(offset, 1_700_000_000_000_000 + offset, None, None, kind, "air", data)


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA, and a server's and a client's certificate that it signed."""
    home = tmp_path_factory.mktemp("tls")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(home, "req", "-x509", *new_key, "-subj", "/CN=test CA", "-days", "2",
            "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
    (home / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    for name in ("server", "client"):
        openssl(home, "req", *new_key, "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        openssl(home, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "2", "-extfile", "san",
                "-out", f"{name}.pem")  # fmt: skip
    return home


@pytest.fixture
def home():
    """A Home Assistant that takes statistics."""
    server = FakeHomeAssistant()
    yield server
    server.close()


@pytest.fixture
def events():
    return lambda count, first=1, **more: [logged(first + n, **more) for n in range(count)]


ABOUT = About(b'{"version":"1"}')


class ScriptedBroker(Listener):
    """An MQTT broker that answers each kind of packet as the test says.

    `puback` returns a reason code, None for silence, "close", or the bytes to send instead.
    `versions`, or what it returns, are those of MQTT that it does not answer with a close.
    """

    def __init__(
        self, *, connack=b"\0\0\0", puback=lambda _n: 0, pong=True, versions=(4, 5), suback=None
    ):
        super().__init__()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.connack, self.puback, self.pong, self.versions = connack, puback, pong, versions
        self.suback = suback  # a reason code
        self.read = lambda stream, count: stream.read(count)
        self.greeting = b""  # what follows the CONNACK
        self.published = []
        self.connects = []
        self.unacknowledged = self.most_unacknowledged = 0
        self.listen()

    def serve(self, client):
        with contextlib.suppress(OSError), client, client.makefile("rb", 1024) as stream:
            while head := stream.read(1):
                answer = self._answer(head[0], self.read(stream, self._length(stream)))
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
            versions = self.versions
            if body[6] not in (versions() if callable(versions) else versions):
                return None
            return self._connack(body[6])
        if kind == 3:
            return self._publish(head, body)
        if kind == 8 and self.suback is not None:
            properties = b"\0" if self.connects[-1] == 5 else b""
            answer = body[:2] + properties + bytes([self.suback])
            return bytes([0x90, len(answer)]) + answer
        if kind == 12 and self.pong:
            return b"\xd0\0"
        return b""

    def _connack(self, version):
        if self.connack is None:
            return b""
        body = self.connack if version == 5 else self.connack[:2]
        return bytes([0x20, len(body)]) + body + self.greeting

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
        if isinstance(reason, bytes):  # a DISCONNECT
            return reason
        self.unacknowledged -= 1
        if self.connects[-1] == 5:
            return b"\x40\x03" + mid + bytes([reason])
        return b"\x40\x02" + mid

    def keep_receive_buffers_small(self):
        """Let a client that is faster than `pause` notice it after a few kilobytes."""
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


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
    """An MQTT sink on a connection; `ups` says when that comes and goes, `alive` who moves."""

    def __init__(self, *urls, max_batch=1, retained=True, about=ABOUT, **more):
        self.ups, self.alive = queue.SimpleQueue(), queue.SimpleQueue()
        self.stopping = threading.Event()
        self.notices = []
        broker_keys = {k: more.pop(k) for k in list(more) if k in Broker._fields}
        self.connection = Connection(
            Broker(tuple(map(parse_url, urls)), "edge-n", **broker_keys),
            LiveState(LiveTopics("edge/n", "mqtt", retained=retained), about),
            changed=self.ups.put,
            notice=self.notices.append,
            backoff=Backoff(random.Random(1).random),
            **more,
        )
        plan = SinkPlan("mqtt", urls, MqttOptions(), max_batch=max_batch, live=True)
        self.sink = MqttSink(plan, self.context(), self.connection, AgentTopics("n"))
        self.sink.open()

    def context(self):
        return SinkContext(
            "n",
            "log",
            ABOUT,
            alive=self.alive.put,
            died=pytest.fail,
            retry=lambda: None,
            stopping=self.stopping.is_set,
            requested=lambda request: None,
        )

    def up(self):
        assert self.ups.get(timeout=SECONDS) is True
        return self

    def down(self):
        assert self.ups.get(timeout=SECONDS) is False
        return self

    @property
    def thread(self):
        return self.sink._worker._thread

    def deliver_all(self, batch):
        """Hand a batch over as a forwarder does, but without its pauses; return the refused."""
        refused = {}
        while batch:
            try:
                count = self.sink.deliver(batch)
            except EventRejected as error:
                count = error.settled
                refused |= error.refused
            except SinkUnavailable:
                continue
            batch = batch[count:]
        return refused

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


class WebServer:
    """Takes JSON notifications on the loopback, with the answer that a test sets."""

    def __init__(self):
        self.status = 200
        self.attempts = 0
        self.taken = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"json://user:hunter2@127.0.0.1:{self._server.server_port}/"

    def _handler(self):
        server = self

        class Post(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.attempts += 1
                if server.status == 200:
                    server.taken.append(body)
                self.send_response(server.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        return Post

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def web(monkeypatch):
    pytest.importorskip("apprise")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def event_server(tmp_path):
    """A function: start a web server that stores requests; `tls` are its files."""
    servers = []

    def make(tls=()):
        directory = tmp_path / f"server {len(servers)}"
        directory.mkdir()
        servers.append(EventServer(directory, tls))
        return servers[-1].start()

    yield make
    for each in servers:
        each.resume()
        each.kill()


@pytest.fixture
def says():
    """A function: start a TCP server whose answers `say` gives; see `ScriptedServer`."""
    servers = []

    def make(say):
        servers.append(ScriptedServer(say))
        return servers[-1]

    yield make
    for each in servers:
        each.close()


class Poster:
    """An HTTP sink as the agent builds it; `stopping` and `trusted` are the agent's."""

    def __init__(self, url, max_batch=1, **options):
        self.stopping, self.trusted, self.alive = threading.Event(), True, []
        plan = SinkPlan("web", (url,), HttpOptions(**options), max_batch=max_batch)
        self.problems = [problem.what for problem in http_sink.SINK.check(plan)]
        context = SinkContext(
            "greenhouse",
            "log",
            ABOUT,
            alive=self.alive.append,
            died=pytest.fail,
            retry=lambda: None,
            stopping=self.stopping.is_set,
            requested=lambda request: None,
            trusted=lambda: self.trusted,
        )
        self.sink = http_sink.SINK.build(plan, context)
        self.sink.open()

    def deliver(self, events):
        return self.sink.deliver(events)

    def fails(self, events):
        """Return the error of a delivery that takes nothing, as one text."""
        with pytest.raises(SinkUnavailable) as caught:
            self.sink.deliver(events)
        return str(caught.value)

    def refuses(self, events):
        """Return how many events a delivery settles, and the refused ones with their reasons."""
        with pytest.raises(EventRejected) as caught:
            self.sink.deliver(events)
        return caught.value.settled, caught.value.refused


@pytest.fixture
def poster():
    posters = []

    def make(url, **more):
        posters.append(Poster(url, **more))
        return posters[-1]

    yield make
    for each in posters:
        each.sink.close()
