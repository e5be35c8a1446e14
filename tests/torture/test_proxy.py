"""The proxy does to a connection what it says, and nothing else."""

import os
import random
import socket
import subprocess
import sys
import threading
import time

import pytest
from lab.listener import Listener
from lab.waiting import eventually

from tests.torture.crash import INJECTED
from tests.torture.proxy import BACK, GOOD, HALF_OPEN, THERE, Conditions, Proxy
from tests.torture.resolver import VARIABLE

SECONDS = 60  # a deadline that a slow machine keeps, too


class Echo(Listener):
    """A server that sends back whatever it gets, and keeps it."""

    def __init__(self):
        super().__init__()
        self.got, self.ended = b"", 0
        self.listen()

    def serve(self, client):
        try:
            while data := client.recv(65536):
                self.got += data
                client.sendall(data)
        except OSError:
            pass
        self.ended += 1
        client.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo):
    one = Proxy(random.Random(1)).start(echo.port)
    yield one
    one.close()


@pytest.fixture
def connect(proxy):
    clients = []

    def make():
        clients.append(socket.create_connection(("127.0.0.1", proxy.port), SECONDS))
        return clients[-1]

    yield make
    for each in clients:
        each.close()


def echoed(client, data):
    client.sendall(data)
    got = b""
    while len(got) < len(data):
        got += client.recv(len(data) - len(got))
    return got


def test_a_good_link_carries_every_byte_both_ways(connect):
    data = random.Random(2).randbytes(300_000)
    client = connect()
    sender = threading.Thread(target=client.sendall, args=(data,))
    sender.start()
    got = b""
    while len(got) < len(data):
        got += client.recv(65536)
    sender.join()
    assert got == data


def test_a_cut_ends_both_sides_in_good_order(proxy, connect, echo):
    client = connect()
    assert echoed(client, b"one") == b"one"
    proxy.cut()
    assert client.recv(1) == b""
    eventually(lambda: echo.ended == 1)
    assert proxy.broken == 1


def test_a_reset_is_one(proxy, connect, echo):
    client = connect()
    assert echoed(client, b"one") == b"one"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    eventually(lambda: echo.ended == 1)


def test_a_reset_in_the_middle_lets_half_of_a_piece_arrive(proxy, connect, echo):
    client = connect()
    assert echoed(client, b"one") == b"one"
    proxy.be(Conditions(resets=1.0))
    client.sendall(b"12345678")
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    eventually(lambda: echo.ended == 1)
    assert echo.got == b"one1234"


def test_a_half_open_connection_stays_open_and_silent(proxy, connect, echo):
    client = connect()
    assert echoed(client, b"one") == b"one"
    proxy.be(HALF_OPEN)
    client.sendall(b"lost")
    eventually(lambda: proxy.swallowed == 4)
    echo.clients[0].sendall(b"lost, too")
    eventually(lambda: proxy.swallowed == 13)
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1)
    assert (echo.got, echo.ended) == (b"one", 0)


def test_a_half_open_connection_does_not_learn_of_the_end_of_the_other_side(proxy, connect, echo):
    client, second = connect(), connect()
    assert echoed(client, b"one") == b"one"
    assert echoed(second, b"two") == b"two"
    proxy.be(HALF_OPEN)
    second.sendall(b"more")
    eventually(lambda: proxy.swallowed == 4)
    client.close()
    second.close()
    third = connect()
    third.sendall(b"three")
    eventually(lambda: proxy.swallowed == 9)
    assert echo.ended == 0


def test_a_connection_that_lost_bytes_is_reset_when_the_link_is_good_again(proxy, connect, echo):
    client, other = connect(), connect()
    assert echoed(client, b"one") == echoed(other, b"one") == b"one"
    proxy.be(HALF_OPEN)
    client.sendall(b"lost")
    eventually(lambda: proxy.swallowed == 4)
    proxy.be(GOOD)
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    assert echoed(other, b"well") == b"well"


@pytest.mark.parametrize("way, arrived", [(THERE, b"one"), (BACK, b"onetwo")])
def test_one_direction_alone_can_swallow(proxy, connect, echo, way, arrived):
    client = connect()
    assert echoed(client, b"one") == b"one"
    proxy.be(Conditions(swallows=frozenset({way})))
    client.sendall(b"two")
    eventually(lambda: proxy.swallowed == 3)
    assert echo.got == arrived


def test_latency_and_rate_delay_every_byte(proxy, connect):
    client = connect()
    for conditions, seconds in ((Conditions(latency=0.1), 0.2), (Conditions(rate=2000), 0.2)):
        proxy.be(conditions)
        begun = time.monotonic()
        assert echoed(client, b"x" * 200) == b"x" * 200
        assert time.monotonic() - begun >= seconds


def test_a_client_that_is_faster_than_the_link_notices_it(proxy, connect):
    client = connect()
    proxy.be(Conditions(rate=2000))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client.setblocking(False)
    sent = 0
    with pytest.raises(BlockingIOError):
        while sent < 1_000_000:
            sent += client.send(b"x" * 1000)


def test_a_stall_delays_a_piece_and_loses_none(proxy, connect):
    client = connect()
    proxy.be(Conditions(stalls=1.0))
    begun = time.monotonic()
    assert echoed(client, b"one") == b"one"
    assert time.monotonic() - begun >= 0.4
    assert proxy.stalled == 2


def test_a_link_that_refuses_ends_old_and_new_connections(proxy, connect):
    client = connect()
    assert echoed(client, b"one") == b"one"
    proxy.be(Conditions(refuses=True))
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionResetError):
        connect().recv(1)
    proxy.be(GOOD)
    assert echoed(connect(), b"three") == b"three"


def test_a_proxy_whose_target_is_away_ends_the_connection(proxy, connect, echo):
    assert echoed(connect(), b"one") == b"one"
    proxy._target = 1  # nothing listens there
    with pytest.raises(ConnectionResetError):
        connect().recv(1)


RESOLVE = """
import socket, sys
print(socket.create_connection(("broker.torture", int(sys.argv[1])), 60).getpeername()[0])
"""


@pytest.fixture
def resolver(tmp_path, echo):
    answer = tmp_path / "answer"

    def begin(text):
        answer.write_text(text)
        return subprocess.Popen(
            [sys.executable, "-c", RESOLVE, str(echo.port)],
            env=os.environ | INJECTED | {VARIABLE: str(answer)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin, answer


def test_a_name_resolves_to_what_the_file_says(resolver):
    begin, _ = resolver
    assert begin("127.0.0.1").communicate(timeout=SECONDS) == ("127.0.0.1\n", "")


def test_a_resolver_that_fails_raises_what_pythons_does(resolver):
    begin, _ = resolver
    _, errors = begin("fail").communicate(timeout=SECONDS)
    assert "gaierror" in errors


def test_a_resolver_that_hangs_does_so_until_the_fault_ends(resolver):
    begin, answer = resolver
    process = begin("hang")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    answer.write_text("127.0.0.1")
    assert process.communicate(timeout=SECONDS) == ("127.0.0.1\n", "")
