"""The sink against servers that answer as a test says: what no real broker does at will."""

import json
import socket
import sys
import threading

import pytest
from pika import frame, spec

from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.visit import problems
from edge_agent.deliver.catalog import load_sink_type
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import AgentError, EventRejected, SinkUnavailable
from edge_agent.testing.destination import PATIENCE, build_sink, logged

ABLE = ("authentication_failure_close", "publisher_confirms", "basic.nack", "connection.blocked")
START = spec.Connection.Start(server_properties={"capabilities": dict.fromkeys(ABLE, True)})
TUNE = spec.Connection.Tune(channel_max=10, frame_max=131_072, heartbeat=0)
OPENING = {
    spec.Connection.StartOk: TUNE,
    spec.Connection.Open: spec.Connection.OpenOk(),
    spec.Connection.Close: spec.Connection.CloseOk(),
    spec.Channel.Open: spec.Channel.OpenOk(),
    spec.Channel.Close: spec.Channel.CloseOk(),
    spec.Confirm.Select: spec.Confirm.SelectOk(),
    spec.Queue.Declare: spec.Queue.DeclareOk(queue="q", message_count=0, consumer_count=0),
}


class ScriptedRabbit:
    """Opens connection, channel and queue; `published` returns the answer to message `n`.

    An answer is a method, bytes to send as they are, None for silence, or "close". `greeting` is
    what it sends instead of the protocol's first method; `ignored` is a method without an answer.
    """

    def __init__(self, published=spec.Basic.Ack, greeting=None, ignored=None):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"amqp://127.0.0.1:{self._server.getsockname()[1]}"
        self._published, self._greeting, self._ignored = published, greeting, ignored
        self.bodies = []
        self.channels = 0  # opened so far
        self._tag = None  # of the latest message on an open channel
        self._clients = []
        self._thread = threading.Thread(target=self._accept, name="scripted rabbit")
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._clients.append(client)
            with client:
                self._serve(client)

    def _serve(self, client):
        if self._greeting is not None:
            client.sendall(self._greeting)
            return
        buffer = client.recv(8)[8:]
        self._send(client, START, 0)
        try:
            while data := client.recv(65_536):
                buffer += data
                while (found := frame.decode_frame(buffer))[1] is not None:
                    buffer = buffer[found[0] :]
                    answer = self._answer(found[1])
                    if isinstance(answer, str):
                        client.shutdown(socket.SHUT_WR)
                        continue  # to the end: unread bytes would make the kernel reset
                    self._send(client, answer, found[1].channel_number)
        except OSError:
            return

    def _answer(self, one):
        if isinstance(one, frame.Body) and self._tag is not None:
            self._tag += 1
            self.bodies.append(one.fragment)
            answer = self._published(self._tag)
            if isinstance(answer, spec.Channel.Close):
                self._tag = None  # what comes on this channel is ignored
            return answer
        if isinstance(one, frame.Method):
            return self._opening(type(one.method))
        return None

    def _opening(self, method):
        if method is spec.Channel.Open:
            self._tag = 0
            self.channels += 1
        return None if method is self._ignored else OPENING.get(method)

    @property
    def connections(self):
        return len(self._clients)

    def _send(self, client, answer, channel):
        if isinstance(answer, bytes):
            client.sendall(answer)
        elif answer is not None:
            client.sendall(frame.Method(channel, answer).marshal())

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join()


@pytest.fixture
def scripted(sink):  # its servers end first, so that no connection stays half closed
    servers = []

    def make(**behaviour):
        servers.append(ScriptedRabbit(**behaviour))
        return servers[-1]

    yield make
    for one in servers:
        one.close()


@pytest.fixture
def stopping():
    return threading.Event()


@pytest.fixture
def sink(stopping):
    sinks = []

    def make(*urls, **options):
        plan = SinkPlan("rabbit", urls, AmqpOptions(queue="q", **options))
        sinks.append(build_sink(plan, stopping))
        sinks[-1].open()
        return sinks[-1]

    yield make
    for one in sinks:
        one.close()


EVENTS = [logged("reading", n, {"n": n}) for n in range(1, 51)]


def test_what_is_confirmed_is_delivered(scripted, sink):
    server = scripted()
    assert sink(server.url).deliver(EVENTS) == 50
    assert len(server.bodies) == 50


def test_a_connection_that_breaks_yields_exactly_what_was_confirmed(scripted, sink):
    server = scripted(published=lambda n: spec.Basic.Ack(n) if n <= 10 else "close")
    assert sink(server.url).deliver(EVENTS) == 10


def test_a_negative_confirmation_is_a_reason_to_wait(scripted, sink):
    server = scripted(published=spec.Basic.Nack)
    with pytest.raises(SinkUnavailable, match="could not store an event"):
        sink(server.url).deliver(EVENTS)
    assert len(server.bodies) == 1


def numbers(bodies):
    return [int(json.loads(body)["id"].split(":")[1]) for body in bodies]


def test_a_channel_that_stores_nothing_is_replaced_and_everything_is_sent_in_order(scripted, sink):
    def published(n):
        return spec.Basic.Ack(n) if server.channels > 1 else spec.Basic.Nack(n)

    server = scripted(published=published)
    one = sink(server.url)
    with pytest.raises(SinkUnavailable, match="could not store an event"):
        one.deliver(EVENTS)
    assert one.deliver(EVENTS) == 50
    assert numbers(server.bodies) == [1, *range(1, 51)]
    assert (server.connections, server.channels) == (1, 2)


def test_a_channel_that_has_stored_events_is_kept_until_a_delivery_fails(scripted, sink):
    def published(n):
        stored = n <= 10 or server.channels > 1
        return spec.Basic.Ack(n) if stored else spec.Basic.Nack(n)

    server = scripted(published=published)
    one = sink(server.url)
    assert one.deliver(EVENTS) == 10
    with pytest.raises(SinkUnavailable, match="could not store an event"):
        one.deliver(EVENTS[10:])
    assert one.deliver(EVENTS[10:]) == 40
    assert server.connections == 1


def test_a_queue_that_stays_full_costs_one_message_and_one_channel_for_each_try(scripted, sink):
    server = scripted(published=spec.Basic.Nack)
    one = sink(server.url)
    for _ in range(5):
        with pytest.raises(SinkUnavailable, match="look if the queue is full"):
            one.deliver(EVENTS)
    assert numbers(server.bodies) == [1] * 5
    assert server.connections == 1
    assert server.channels in {5, 6}  # the last may be opened already


@pytest.fixture
def impatient(monkeypatch, stopping):
    """Deliver with a sink that waits half a second for a broker; a stop ends what hangs."""

    def deliver(sink):
        monkeypatch.setattr("edge_agent.deliver.amqp.connection.CONFIRM_SECONDS", 0.5)
        return attempted(sink)

    rescue = threading.Timer(PATIENCE, stopping.set)
    rescue.start()
    yield deliver
    rescue.cancel()
    rescue.join()


@pytest.mark.parametrize("ignored", [spec.Channel.Open, spec.Queue.Declare])
def test_a_broker_that_never_opens_is_given_up(scripted, sink, impatient, ignored):
    assert "confirmed nothing" in impatient(sink(scripted(ignored=ignored).url))


def test_a_channel_that_is_not_replaced_is_given_up_with_its_connection(scripted, sink, impatient):
    server = scripted(published=spec.Basic.Nack, ignored=spec.Channel.Close)
    one = sink(server.url)
    assert "could not store an event" in attempted(one)
    assert "confirmed nothing" in impatient(one)


def test_the_next_server_is_tried_if_the_first_does_not_answer(scripted, sink, port):
    server = scripted()
    assert sink(f"amqp://127.0.0.1:{port}", server.url).deliver(EVENTS) == 50


def test_every_server_is_named_if_none_takes_events(sink, port):
    urls = (f"amqp://127.0.0.1:{port}", "amqp://no.such.host.invalid")
    with pytest.raises(SinkUnavailable) as caught:
        sink(*urls).deliver(EVENTS)
    assert f"127.0.0.1:{port}: nothing listens there" in str(caught.value)
    assert "no.such.host.invalid:5672: the host name has no address" in str(caught.value)


OLDER = spec.Connection.Start(version_minor=8, server_properties={})
FOREIGN = [
    b"",
    b"\0" * 100,
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"AMQP\x03\x01\0\0",
    frame.Method(0, OLDER).marshal(),
    frame.Body(0, b"x").marshal(),
]


@pytest.mark.parametrize("greeting", FOREIGN)
def test_what_does_not_speak_amqp_is_unavailable(scripted, sink, greeting):
    one = sink(scripted(greeting=greeting).url)
    for _ in range(2):
        with pytest.raises(SinkUnavailable, match="does not speak AMQP 0-9-1: correct the port"):
            one.deliver(EVENTS)


@pytest.mark.parametrize("greeting", FOREIGN)
def test_doctor_says_that_what_listens_does_not_speak_amqp(scripted, greeting):
    (found,) = findings(scripted(greeting=greeting).url)
    assert found.what.startswith("what listens there does not speak AMQP 0-9-1; correct the port")


def test_doctor_says_that_a_port_without_tls_has_none(scripted):
    url = scripted(greeting=FOREIGN[2]).url.replace("amqp:", "amqps:")
    (found,) = findings(url)
    assert "TLS failed" in found.what
    assert "5671 is usual for amqps://, 5672 for amqp://" in found.what


def test_doctor_says_that_nothing_answers_on_a_silent_port(scripted, monkeypatch):
    monkeypatch.setattr("edge_agent.deliver.amqp.server.STACK_SECONDS", 0.2)
    (found,) = findings(scripted(ignored=spec.Connection.StartOk).url)
    assert found.what == "nothing answers there; the agent tries again"


def findings(url):
    """Return what doctor finds at a broker."""
    return list(problems(SinkPlan("rabbit", (url,), AmqpOptions(queue="q")), "greenhouse"))


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff" * 50,
        frame.Method(1, spec.Basic.Deliver("tag", 1, False, "", "q")).marshal(),
        frame.Method(9, spec.Basic.Ack(1)).marshal(),
        frame.Method(0, spec.Connection.Close(541, "INTERNAL_ERROR", 0, 0)).marshal(),
        frame.Method(1, spec.Channel.Close(541, "INTERNAL_ERROR", 0, 0)).marshal() + b"\xff" * 9,
        frame.Header(1, 5, spec.BasicProperties()).marshal() * 2,
        frame.Body(1, b"x").marshal(),
    ],
    ids=["bytes", "deliver", "other channel", "connection", "channel", "header", "body"],
)
def test_nothing_that_a_broker_sends_ends_the_thread(scripted, sink, stopping, answer):
    server = scripted(published=lambda n: answer if n == 1 else spec.Basic.Ack(n))
    one, outcomes = sink(server.url), []
    thread = threading.Thread(target=lambda: outcomes.append(attempted(one)))
    thread.start()
    stopping.set()  # some leave the message unconfirmed
    thread.join(PATIENCE)
    assert len(outcomes) == 1
    assert one._running.worker.alive


def attempted(sink):
    try:
        return sink.deliver(EVENTS)
    except SinkUnavailable as error:
        return str(error)


def test_a_stop_ends_a_delivery_that_nothing_confirms(scripted, sink, stopping):
    server = scripted(published=lambda n: spec.Basic.Ack(n) if n < 5 else None)
    stopping.set()
    assert sink(server.url).deliver(EVENTS) == 4


def test_a_blocked_connection_is_told_apart_and_gets_nothing_more(scripted, sink):
    blocked = frame.Method(0, spec.Connection.Blocked("low on disk")).marshal()
    server = scripted(published=lambda _n: blocked)
    one = sink(server.url)
    for _ in range(3):
        with pytest.raises(SinkUnavailable, match="takes nothing now: low on disk"):
            one.deliver(EVENTS)
    assert len(server.bodies) == 1


def test_a_message_that_is_too_large_is_refused_with_the_limit_and_the_others_arrive(
    scripted, sink
):
    words = "PRECONDITION_FAILED - message size 5000 is larger than configured max size 4096"
    closes = iter([spec.Channel.Close(406, words, 60, 40)])
    server = scripted(published=lambda n: (n == 3 and next(closes, None)) or spec.Basic.Ack(n))
    batch = [*EVENTS[:2], logged("reading", 3, {"text": "x" * 4800}), *EVENTS[3:5]]
    with pytest.raises(EventRejected) as caught:
        sink(server.url).deliver(batch)
    assert caught.value.settled == 5
    assert "4096" in caught.value.refused[3]


def test_building_a_sink_without_pika_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "edge_agent.deliver.amqp.connection", None)
    kind = load_sink_type("amqp")
    with pytest.raises(AgentError, match=r"edge-agent\[amqp\]"):
        build_sink(SinkPlan("rabbit", ("amqp://host",), kind.options()), threading.Event())
