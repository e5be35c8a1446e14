"""MQTT in WebSockets, and through HTTP proxies."""

import contextlib
import json
import os
import socket
import ssl

import pytest
from lab.waiting import eventually

from consumers.received_event import ReceivedEvent
from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.deliver.backoff import SLOW_CAP
from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.mqtt.address import parse_url
from edge_agent.deliver.mqtt.dial import proxy_of
from edge_agent.deliver.mqtt.http_head import exchange
from edge_agent.deliver.mqtt.obstacle import Obstacle
from edge_agent.deliver.mqtt.websocket import CLOSE, PING, PONG, FramedSocket, frame
from tests.deliver.connect_proxy import ConnectProxy
from tests.deliver.web_gateway import WebGateway

PROXIES = ("http_proxy", "https_proxy", "mqtt_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def gateway(broker):
    made = []

    def make(tls=None):
        made.append(WebGateway(broker.port, tls))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def proxy():
    made = []

    def make(port, **behaviour):
        made.append(ConnectProxy(port, **behaviour))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("version", [5, 4], ids=["MQTT 5", "MQTT 3.1.1"])
def test_events_of_every_size_pass_through_a_web_server(
    gateway, client, events, broker, subscriber, wait_for, version
):
    seen = subscriber(broker.port, "edge/n/#")
    one = client(f"ws://127.0.0.1:{gateway().port}/mqtt", versions=(version,)).up()
    sizes = [1, 90, 125, 126, 1000, 65_535, 65_536, 120_000]
    texts = ["x" * size for size in sizes]
    batch = [events(1, n, data=json.dumps({"t": text}))[0] for n, text in enumerate(texts, 1)]
    assert one.deliver_all(batch) == {}
    wait_for(lambda: len([1 for topic, *_ in seen if "/event/" in topic]) == len(sizes))
    bodies = [json.loads(body) for topic, body, _ in seen if "/event/" in topic]
    assert [body["data"]["t"] for body in bodies] == texts
    assert ("edge/n/status", b"online", False) in seen


def test_thousands_of_events_pass_while_the_web_server_pings(gateway, client, events):
    one = client(f"ws://127.0.0.1:{gateway().port}/mqtt").up()
    assert one.deliver_all(events(2000)) == {}


def test_a_consumer_reads_them_through_the_web_server(gateway, client, events, broker, wait_for):
    url = f"ws://127.0.0.1:{gateway().port}/mqtt"
    source = source_of(SourcePlan(url=url, nodes=("n",)))
    source.open()
    data = json.dumps({"values": {}, "quality": "absent", "detail": "x" * 500})
    client(broker.url).up().deliver_all(events(500, data=data))
    found = []
    wait_for(lambda: found.extend(source.receive(0.05)) or len(found) > 500)
    source.close()
    offsets = [one.offset for one in found if isinstance(one, ReceivedEvent)]
    assert offsets == list(range(1, 501))


def test_wss_checks_the_certificate(gateway, client, events, certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    url = f"wss://127.0.0.1:{gateway(context).port}/mqtt"
    one = client(url, tls=TlsFiles(str(certificates / "ca.pem"), "", "")).up()
    assert one.deliver_all(events(200)) == {}


def test_wss_to_a_server_of_an_unknown_ca_is_refused_with_the_remedy(
    gateway, client, certificates, caplog, wait_for
):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    client(f"wss://127.0.0.1:{gateway(context).port}/mqtt")
    wait_for(lambda: "name the file of the CA that signed it in ca" in caplog.text)


def test_a_wrong_path_is_named_with_the_servers_answer(gateway, client, caplog, wait_for):
    client(f"ws://127.0.0.1:{gateway().port}/other")
    wait_for(lambda: "it answers '404 Not Found' for /other" in caplog.text)
    assert "write the path of its MQTT in url" in caplog.text


def test_a_broker_is_reached_through_the_proxy_of_the_environment(
    gateway, proxy, client, events, monkeypatch
):
    way = proxy(gateway().port)
    monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{way.port}")
    one = client("ws://broker.example/mqtt").up()
    assert one.deliver_all(events(50)) == {}
    assert way.requests[0].startswith("CONNECT broker.example:80 HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in way.requests[0]


def test_plain_mqtt_has_a_variable_of_its_own(proxy, broker, client, events, monkeypatch):
    way = proxy(broker.port)
    monkeypatch.setenv("mqtt_proxy", f"http://127.0.0.1:{way.port}")
    one = client("mqtt://broker.example:1884").up()
    assert one.deliver_all(events(50)) == {}
    assert way.requests[0].startswith("CONNECT broker.example:1884 HTTP/1.1\r\n")


def test_a_consumer_uses_the_proxy_as_well(proxy, broker, monkeypatch):
    way = proxy(broker.port)
    monkeypatch.setenv("mqtt_proxy", f"http://127.0.0.1:{way.port}")
    source = source_of(SourcePlan(url="mqtt://broker.example"))
    source.open()
    source.close()
    assert way.requests[0].startswith("CONNECT broker.example:1883 HTTP/1.1\r\n")


def test_a_proxy_that_refuses_is_named_without_its_password(
    proxy, client, caplog, monkeypatch, wait_for
):
    way = proxy(1, answer="403 Forbidden")
    monkeypatch.setenv("mqtt_proxy", f"http://me:secret@127.0.0.1:{way.port}")
    client("mqtt://broker.example")
    wait_for(lambda: f"the proxy 127.0.0.1:{way.port} answers '403 Forbidden'" in caplog.text)
    assert "or add the host to no_proxy" in caplog.text
    assert "secret" not in caplog.text


def test_a_proxy_that_is_away_is_named_with_its_variable(
    client, port, caplog, monkeypatch, wait_for
):
    monkeypatch.setenv("mqtt_proxy", f"127.0.0.1:{port}")
    client("mqtt://broker.example")
    wait_for(lambda: f"the proxy 127.0.0.1:{port}: " in caplog.text)
    assert "correct mqtt_proxy" in caplog.text


@pytest.mark.parametrize("url", ["mqtt://localhost", "mqtt://127.0.0.1", "mqtt://in.lan"])
def test_this_machine_and_the_hosts_of_no_proxy_are_reached_directly(url, monkeypatch):
    monkeypatch.setenv("mqtt_proxy", "http://proxy.lan:3128")
    assert proxy_of(parse_url("mqtt://elsewhere.lan")).port == 3128
    monkeypatch.setenv("no_proxy", "in.lan")
    assert proxy_of(parse_url(url)) is None


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


def from_server(opcode, data, last=0x80):
    """Return a frame as servers write it: without a mask."""
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2)
    return bytes([last | opcode]) + size + data


def test_what_arrives_a_byte_at_a_time_is_read_as_it_was_meant(pair):
    ours, theirs = pair
    found, line = b"", FramedSocket(ours)
    sent = from_server(2, b"ab", 0) + from_server(PING, b"?") + from_server(0, b"c" * 300)
    for byte in sent:
        theirs.send(bytes([byte]))
        try:
            found += line.recv(10)
        except BlockingIOError:
            continue
    assert found == b"ab" + b"c" * 300
    answer = theirs.recv(100)
    assert answer[0] == 0x80 | PONG
    assert bytes([answer[6] ^ answer[2]]) == b"?"
    theirs.send(from_server(CLOSE, b""))
    assert line.recv(10) == b""


@pytest.mark.parametrize(
    "wrong",
    [frame(2, b"masked"), from_server(1, b"text"), from_server(3, b""), b"\x89\x7e\x01\x00"],
    ids=["masked", "text", "unknown", "a long ping"],
)
def test_what_no_server_of_mqtt_sends_ends_the_connection(pair, wrong):
    ours, theirs = pair
    theirs.send(wrong)
    with pytest.raises(ConnectionAbortedError):
        FramedSocket(ours).recv(10)


def test_a_frame_without_end_is_read_in_pieces(pair):
    ours, theirs = pair
    theirs.send(b"\x82\x7f" + (2**63).to_bytes(8) + b"x" * 5000)
    line = FramedSocket(ours)
    assert [len(line.recv(1000)) for _ in range(5)] == [1000] * 5
    with pytest.raises(BlockingIOError):
        line.recv(1000)


def drained(sock):
    sock.setblocking(False)
    read = bytearray()
    with contextlib.suppress(BlockingIOError):
        while True:
            read += sock.recv(1 << 20)
    return bytes(read)


def test_a_frame_that_the_line_does_not_take_is_sent_on_as_it_was(pair):
    ours, theirs = pair
    line, data, sent, arrived = FramedSocket(ours), os.urandom(3_000_000), 0, b""
    while not sent:
        with contextlib.suppress(BlockingIOError):
            sent = line.send(data)
        arrived += drained(theirs)
    assert sent == len(data)
    assert arrived[:2] == b"\x82\xff"
    assert int.from_bytes(arrived[2:10]) == len(data)
    mask, body = arrived[10:14] * (len(data) // 4), arrived[14:]
    assert (int.from_bytes(mask) ^ int.from_bytes(body)).to_bytes(len(data)) == data


@pytest.mark.parametrize("answer", [b"x" * 9000, b"HTTP/1.1 2", b"SSH-2.0-x\r\n\r\n"])
def test_an_answer_that_is_not_http_or_has_no_end_is_given_up(pair, answer):
    ours, theirs = pair
    ours.setblocking(True)
    theirs.send(answer)
    with pytest.raises((Obstacle, TimeoutError)):
        exchange(ours, "GET / HTTP/1.1\r\n\r\n", 0.2)


def test_reconnect_bounds_the_pause_between_two_attempts(client, port):
    one = client(f"mqtt://127.0.0.1:{port}", reconnect=0.001)
    waits, attempts = one.connection._backoff, 12
    eventually(lambda: waits.failures >= attempts)  # up to 8 s each would take a minute
    assert one.connection._broker.longest_pause(lasting=True) == SLOW_CAP
