"""The HTTP sink against servers that are slow, silent, hostile or in the way."""

import contextlib
import socket
import subprocess
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab.broker import free_port
from lab.scripted_server import NO_CONTENT, answer
from lab.waiting import eventually

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.http import client
from edge_agent.deliver.web import dial
from edge_agent.deliver.web.address import HttpAddress
from edge_agent.deliver.web.bounded_socket import LARGEST_ANSWER
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError, SinkUnavailable

LONG = 10_000_000


def endless(part):
    """Parts without an end; the client is to close the connection."""
    while True:
        yield part


HOSTILE = {
    "garbage": [b"\x16\x03\x01 hello, this is no HTTP\r\n\r\n"],
    "a header without an end": [b"HTTP/1.1 204 X\r\nX: ", b"x" * LONG],
    "headers without an end": [b"HTTP/1.1 204 X\r\n", b"X: y\r\n" * (LONG // 6)],
    "interim answers without an end": [b"HTTP/1.1 100 Continue\r\n\r\n" * (LONG // 25)],
    "a status that is no number": [b"HTTP/1.1 ok OK\r\n\r\n"],
    "an end in the middle": [b"HTTP/1.1 20", None],
    "a close": [None],
    "another protocol": [b"220 mail.example ESMTP\r\n", None],
}
TAKEN = {
    "a body without an end": [b"HTTP/1.1 200 X\r\n\r\n", b"x" * LONG],
    "a body that is cut": [b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\nx", None],
    "chunks that are none": [b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", None],
    "a huge length": [b"HTTP/1.1 200 X\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", None],
    "a trickling body": [b"HTTP/1.1 200 X\r\nContent-Length: 99\r\n\r\nx"],
}


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_an_answer_that_is_not_http_lets_events_wait(says, poster, events, parts):
    server = says(lambda n: parts)
    assert "127.0.0.1" in poster(server.url).fails(events(2))


@pytest.mark.parametrize("parts", TAKEN.values(), ids=TAKEN)
def test_a_status_counts_whatever_the_body_is(says, poster, events, parts, monkeypatch):
    monkeypatch.setattr(client, "BODY_SECONDS", 0.2)
    server = says(lambda n: parts)
    web = poster(server.url)
    assert web.deliver(events(1)) == 1
    assert web.deliver(events(1, 2)) == 1
    assert server.connections == 2, "such a connection is not used again"


def test_an_answer_is_read_up_to_its_limit(says, poster, events):
    sent = []

    def say(_number):
        for part in endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100):
            sent.append(len(part))
            yield part

    server = says(say)
    assert "has no end" in poster(server.url).fails(events(1))
    server.close()
    assert sum(sent) < LARGEST_ANSWER + 10_000_000  # what the kernel's buffers hold beside it


@given(st.binary(max_size=300), st.integers(0, 200))
@settings(max_examples=100)
def test_no_answer_ends_the_thread(changed, place):
    ours, theirs = socket.socketpair()
    good = answer(429, b"x", b"Retry-After: Fri, 27 Nov 2026 23:00:00 GMT")
    with ours, theirs:
        theirs.sendall(good[:place] + changed + good[place + len(changed) :])
        theirs.shutdown(socket.SHUT_WR)
        one = client_of(ours)
        got = None
        with contextlib.suppress(SinkUnavailable):
            got = one.request("POST", {}, b"{}")
        one.close()
    assert got is None or (100 <= got.status <= 999)
    assert got is None or (0 <= got.pause(1e9) <= 600 and len(got.meaning(())) < 300)


def client_of(sock):
    """A client whose connection is one end of a pair of sockets."""
    one = client.HttpClient(
        HttpAddress("server", 443, tls=True), TlsFiles(), Patience(lambda: None, lambda: False)
    )
    sock.setblocking(False)

    def connect():
        one._socket = client.BoundedSocket(sock, one._patience)

    one._connect = connect
    return one


def test_a_connection_that_is_closed_between_requests_costs_one_retry(says, poster, events):
    server = says(lambda n: [NO_CONTENT])
    web = poster(server.url)
    assert web.deliver(events(1)) == 1
    server.cut()
    assert web.deliver(events(1, 2)) == 1
    assert (len(server.requests), server.connections) == (2, 2)


def test_a_kept_connection_that_is_closed_under_a_request_costs_one_retry(says, poster, events):
    server = says(lambda n: [None] if n == 2 else [NO_CONTENT])
    web = poster(server.url)
    assert web.deliver(events(3)) == 3
    assert len(server.requests) == 4


def test_a_server_that_closes_each_connection_is_not_asked_twice(says, poster, events):
    server = says(lambda n: [None])
    assert "closes the connection without an answer" in poster(server.url).fails(events(1))
    assert len(server.requests) == 1


def test_connection_close_is_heard(says, poster, events):
    server = says(lambda n: [answer(200, b"thanks", b"Connection: close"), None])
    assert poster(server.url).deliver(events(3)) == 3
    assert server.connections == 3


def test_the_reason_of_a_server_that_closes_is_shown(says, poster, events):
    server = says(lambda n: [answer(503, b"<h1>down</h1> for\nlunch", b"Connection: close"), None])
    text = poster(server.url).fails(events(3))
    assert "it answers 503 Service Unavailable: down for lunch: " in text


def test_a_server_that_does_not_read_a_batch_can_still_say_why(poster, events):
    server = socket.create_server(("127.0.0.1", 0))

    def refuse():
        one, _ = server.accept()
        one.recv(100)
        one.sendall(answer(503, b"full"))
        one.shutdown(socket.SHUT_WR)
        while one.recv(1_000_000):
            pass
        one.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    big = events(400, data='{"t":"%s"}' % ("x" * 700))
    web = poster(url, max_batch=1000)
    assert "it answers 503 Service Unavailable: full" in web.fails(big)
    web.sink.close()
    thread.join()
    server.close()


def test_a_batch_without_an_answer_is_tried_in_half_the_size(says, poster, events):
    server = says(lambda n: [None] if n < 3 else [NO_CONTENT])
    web = poster(server.url, max_batch=8)
    web.fails(events(8))
    web.fails(events(8))
    assert web.deliver(events(8)) == 8
    sizes = [body.count(b'"specversion"') for _, body in server.requests]
    assert sizes == [8, 4, 2, 2, 2, 2]


def test_a_silent_server_is_given_up(says, poster, events, monkeypatch):
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.3)
    server = says(lambda n: [])
    web = poster(server.url)
    assert "no answer within 0.3 s" in web.fails(events(1))
    assert "web" in web.alive


def test_a_trickle_does_not_put_the_end_off(says, poster, events, monkeypatch):
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.3)
    pause = threading.Event()

    def trickle(_number):
        for part in endless(b"X"):
            pause.wait(0.05)
            yield part

    assert "no answer within 0.3 s" in poster(says(trickle).url).fails(events(1))


@pytest.mark.parametrize("parts", [[], [b"HTTP/1.1 204"]], ids=["silent", "slow"])
def test_a_stop_ends_a_wait(says, poster, events, parts):
    server = says(lambda n: parts)
    web = poster(server.url)
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(web.fails(events(1))))
    thread.start()
    eventually(lambda: server.requests)
    web.stopping.set()
    thread.join(20)
    assert "the agent stops" in outcomes[0], "and not that 30 seconds are over"


def test_after_a_stop_a_fast_server_does_not_keep_the_agent(says, poster, events):
    web = poster(says(lambda n: [NO_CONTENT]).url)
    web.stopping.set()
    with pytest.raises(AgentError, match="the agent stops"):
        while web.deliver(events(1000)):
            pass


def test_nothing_listens(poster, events):
    text = poster(f"http://127.0.0.1:{free_port()}/").fails(events(1))
    assert "nothing listens on this port" in text


def test_a_name_without_an_address(poster, events):
    text = poster("https://nowhere.invalid/").fails(events(1))
    assert "nowhere.invalid: the host name has no address" in text


def test_a_port_without_tls(poster, events):
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=greet, args=(server,))
        thread.start()
        text = poster(f"https://127.0.0.1:{server.getsockname()[1]}/").fails(events(1))
        thread.join()
    assert "this port does not speak TLS" in text


def greet(server):
    one, _ = server.accept()
    with one:
        one.recv(1000)
        one.sendall(answer(400))


def test_a_ca_that_is_unknown_here(event_server, poster, events, certificates):
    server = event_server([certificates / "server.pem", certificates / "server.key", ""])
    text = poster(server.url).fails(events(1))
    assert "its certificate is not accepted" in text
    assert "name the file of the CA that signed it in ca" in text


def test_a_certificate_for_another_name(event_server, poster, events, tmp_path):
    files = [tmp_path / "other.pem", tmp_path / "other.key"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", "/CN=other", "-addext", "subjectAltName=DNS:other"]
    command += ["-out", files[0], "-keyout", files[1]]
    subprocess.run(command, check=True, capture_output=True)
    server = event_server([*files, ""])
    text = poster(server.url, ca=str(files[0])).fails(events(1))
    assert "write the host in url as the certificate names it" in text


def test_a_server_that_wants_a_certificate(event_server, poster, events, certificates):
    server = event_server([certificates / n for n in ("server.pem", "server.key", "ca.pem")])
    text = poster(server.url, ca=str(certificates / "ca.pem")).fails(events(1))
    assert "set both" in text or "closes the connection" in text


def test_a_silent_tls_server_is_given_up(says, poster, events, monkeypatch):
    monkeypatch.setattr(dial, "STEP_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        assert "TLS is not established within 0.3 s" in poster(url).fails(events(1))
