"""The server of the metrics: what a client may do to it, and what it does if its port is taken."""

import socket
import threading
import urllib.request
from contextlib import suppress
from urllib.error import HTTPError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge_agent.clock import Moment
from edge_agent.events import Reading
from edge_agent.figures import Measured, SignOfLife, SignsOfLife
from edge_agent.observe.metrics import connection, server
from edge_agent.observe.metrics.agent_sums import ConfiguredNames
from edge_agent.observe.metrics.server import AgentMetrics, MetricsServer
from edge_agent.observe.metrics.state import AgentState
from edge_agent.threads import Worker

NOW = Moment(1_700_000_000_000_000, 0, trusted=True)
STATE = AgentState("shed", "1.0", True, None, None)


class Served:
    """A server on its thread, and what Prometheus would see."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.now = 100.0
        self.metrics = AgentMetrics(lambda: STATE, lambda: self.now)
        self.server = MetricsServer("127.0.0.1", port, self.metrics, self._monotonic)
        self.worker = Worker("metrics", self.server.run, self.server.stop, lambda _: None)

    def _monotonic(self):
        return self.now

    def start(self):
        self.worker.start()
        return self

    def stop(self):
        self.worker.request_stop()
        self.worker.wait()

    def get(self, path="/metrics"):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def samples(self):
        families = text_string_to_metric_families(self.get())
        return {
            (one.name, *one.labels.values()): one.value
            for family in families
            for one in family.samples
        }


@pytest.fixture
def served(port):
    one = Served(port)
    yield one
    one.stop()


def scraped(one, wait_for):
    """Return the samples as soon as the server answers."""

    def ask():
        try:
            return one.samples()
        except OSError:
            return None

    return wait_for(ask)


def test_what_was_put_is_in_the_next_scrape(served, wait_for):
    served.start()
    scraped(served, wait_for)
    served.metrics.put(ConfiguredNames(("air",)))
    served.metrics.put(Reading("air", NOW, {}))
    served.metrics.put(Measured("air", 0.1, 0.0, "checksum"))
    samples = served.samples()
    assert samples["edge_readings_total", "air", "good"] == 1
    assert samples["edge_read_errors_total", "air", "checksum"] == 1
    assert samples["edge_build_info", "shed", "1.0"] == 1
    assert samples["edge_log_readable",] == 0
    assert samples["process_resident_memory_bytes",] > 1e6


def test_the_silence_of_a_thread_grows_without_the_main_thread(served, wait_for):
    served.start()
    scraped(served, wait_for)
    served.metrics.put(SignsOfLife({"engine": SignOfLife(95.0, 30.0)}))
    assert served.samples()["edge_thread_silence_seconds", "engine"] == 5
    served.now = 200.0
    assert served.samples()["edge_thread_silence_seconds", "engine"] == 105
    assert served.samples()["edge_thread_silence_limit_seconds", "engine"] == 30


@pytest.mark.parametrize("path", ["/etc/passwd", "/metrics/../x", "/metrics%00"])
def test_any_other_path_is_not_found(served, wait_for, path):
    served.start()
    scraped(served, wait_for)
    with pytest.raises(HTTPError, match="404"):
        served.get(path)


def test_a_taken_port_is_said_once_and_tried_again(served, wait_for, caplog):
    with socket.create_server(("127.0.0.1", served.server._address[1])):
        served.server.step()
        served.now += server.RETRY
        served.server.step()
    assert caplog.text.count("Address already in use; name another address or port") == 1
    served.now += server.RETRY
    served.start()
    assert scraped(served, wait_for)


def test_an_address_that_this_machine_does_not_have_ends_nothing(port, caplog):
    one = MetricsServer("192.0.2.1", port, AgentMetrics(lambda: STATE, float), float)
    one.step()
    assert "192.0.2.1" in caplog.text


HOSTILE = {
    "nothing": b"",
    "half a request": b"GET /metrics HTT",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50 + b"\r\n\r\n",
    "a long line": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
    "another method": b"POST /metrics HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
    "a header in the path": b"GET /metrics%0d%0aX:1 HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=list(HOSTILE))
def test_after_a_hostile_request_the_next_one_is_answered(served, wait_for, sent):
    served.start()
    scraped(served, wait_for)
    with socket.create_connection(("127.0.0.1", served.server._address[1])) as client:
        client.settimeout(60)
        with suppress(OSError):  # hung up on before it has sent everything
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_536):
                pass
    assert served.samples()


def test_a_client_that_sends_a_byte_now_and_then_is_hung_up_on(served, wait_for, monkeypatch):
    monkeypatch.setattr(connection, "SECONDS", 0.3)
    served.start()
    scraped(served, wait_for)
    with socket.create_connection(("127.0.0.1", served.server._address[1])) as client:
        stop = threading.Event()

        def trickle():
            try:
                while not stop.wait(0.05):
                    client.sendall(b"G")
            except OSError:
                stop.set()

        thread = threading.Thread(target=trickle)
        thread.start()
        assert wait_for(stop.is_set)
        thread.join()
    assert served.samples()


def test_a_client_that_takes_no_answer_is_hung_up_on(served, wait_for, monkeypatch):
    monkeypatch.setattr(connection, "SECONDS", 0.3)
    for n in range(20_000):
        served.metrics.put(Reading("air", NOW, {}, f"quality{n}"))
    served.start()
    scraped(served, wait_for)
    listening = served.server._server.socket  # what it accepts has its buffers
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(("127.0.0.1", served.server._address[1]))
        client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert served.get("/")


def test_an_inbox_that_is_not_emptied_takes_only_so_much(monkeypatch):
    monkeypatch.setattr(server, "HELD", 10)
    metrics = AgentMetrics(lambda: STATE, float)
    for _ in range(30):
        metrics.put(Reading("air", NOW, {}))
    metrics.add_up()
    assert metrics._sums.readings["air", "good"] == 10
