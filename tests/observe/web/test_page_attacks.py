"""What a client may send to the page, as bytes: it harms neither the page nor the others."""

import random
import socket
import ssl
import subprocess
import threading

import pytest

from edge_agent.deliver.credentials import server_context
from edge_agent.observe.web import admission, broadcast, connection, request, server
from edge_agent.observe.web.route import Download, Json, Route, Stream
from tests.page_client import PASSWORD, all_of

HOST = b"Host: localhost\r\n"
WHOLE = b"GET /api/one HTTP/1.1\r\n" + HOST + b"\r\n"
MANY = b"".join(b"X-%d: 1\r\n" % n for n in range(request.HEADERS + 1))
POST = b"POST /api/two HTTP/1.1\r\nContent-Type: application/json\r\n" + HOST
MALFORMED = {
    "no request": (b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
    "another method": (b"PUT / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a method of our proxy": (b"CONNECT localhost:22 HTTP/1.1\r\n\r\n", 400),
    "a URL of another machine": (b"GET http://192.0.2.1/ HTTP/1.1\r\n\r\n", 400),
    "a space in the URL": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a zero byte in the URL": (b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a line end in the URL": (b"GET /a\nX: 1 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a URL without end": (b"GET /" + b"a" * 100_000, 431),
    "a header without end": (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, 431),
    "headers without end": (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 20_000, 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + MANY + b"\r\n", 400),
    "a header without a name": (b"GET / HTTP/1.1\r\n: 1\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nX: 1\r\n 2\r\n" + HOST + b"\r\n", 400),
    "a line feed in a header": (b"GET / HTTP/1.1\r\nX: 1\nY: 2\r\n" + HOST + b"\r\n", 400),
    "a header that is no text": (b"GET / HTTP/1.1\r\nX: \xff\r\n" + HOST + b"\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "two lengths": (POST + b"Content-Length: 2\r\ncontent-length: 3\r\n\r\n{}", 400),
    "a negative length": (POST + b"Content-Length: -2\r\n\r\n{}", 400),
    "a length that is none": (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400),
    "a length in other digits": (POST + "Content-Length: ٢\r\n\r\n".encode(), 400),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411),
    "a large body": (POST + b"Content-Length: 16385\r\n\r\n" + b"a" * 16_385, 413),
    "a huge body": (POST + b"Content-Length: 9" + b"9" * 4000 + b"\r\n\r\n", 413),
    "a % without digits": (b"GET /api/one?a=%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "bytes that are no UTF-8": (b"GET /api/one?a=%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400),
}
OUTSIDE = [
    "/../../../../etc/passwd",
    "/static/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc/passwd",
    "//etc/passwd",
    "/./app.js",
    "/app.js/",
    "/app.js%00",
    "/app.js%0d%0aX-Evil:1",
    "/APP.JS",
    "/__init__.py",
    "/../login.py",
]


class Numbers:
    """A view that gives back what it gets."""

    def routes(self):
        yield Route("GET", "api/one", lambda query: Json(dict(query.arguments)))
        yield Route("POST", "api/two", lambda query: Json(query.body))
        yield Stream("api/live", lambda: ["first"], lambda: ["x" * 10_000])


@pytest.fixture
def page(serve):
    return serve(Numbers())


def status_of(raw):
    return int(raw.split()[1])


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_refused_and_the_next_one_is_answered(page, sent):
    raw, status = sent
    assert status_of(page.send(raw)) == status
    assert page.get("/api/one?a=1").json == {"a": "1"}


@pytest.mark.parametrize("path", OUTSIDE)
def test_a_path_leads_to_no_file_but_those_of_the_page(page, path):
    answered = page.get(path)
    assert answered.status == 404
    assert "x-evil" not in answered.headers


@pytest.mark.parametrize("text", ["%0d%0aX-Evil:%201", "%0aX-Evil:%201", "\\r\\nX-Evil: 1"])
def test_an_argument_becomes_no_header(serve, text):
    download = lambda query: Download(query.text("name"), "text/csv", [b"1"])  # noqa: E731

    class Files:
        def routes(self):
            yield Route("GET", "api/file", download)

    answered = serve(Files()).get(f"/api/file?name={text.replace(' ', '%20')}")
    assert (answered.status, answered.body) == (200, b"1")
    assert "x-evil" not in answered.headers


@pytest.mark.parametrize("path", ["/", "/api/one", "/nothing", "/login"])
def test_every_response_keeps_a_browser_safe(serve, path):
    for answered in (serve(Numbers(), password=PASSWORD).get(path),):
        policy = answered.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answered.headers["x-content-type-options"] == "nosniff"
        assert answered.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answered.headers
        assert "server" not in answered.headers


def test_an_answer_with_values_is_kept_by_no_cache(page):
    assert page.get("/api/one").headers["cache-control"] == "no-store"


def test_a_body_that_is_no_json_is_refused(page):
    token = page.get("/api/session").json["csrf"].encode()
    for body in (b"{", b"\xff\xff", b"[" * 10_000, b'{"a": 1}x'):
        head = POST + b"X-CSRF-Token: " + token + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert status_of(page.send(head + body)) == 400


def test_random_bytes_harm_nothing(page, caplog):
    chance = random.Random(7)
    for _ in range(200):
        raw = bytearray(WHOLE)
        for _ in range(chance.randint(1, 8)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        with page.connect() as client:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            all_of(client)
        page.now += 1
    assert page.get("/api/one?a=1").json == {"a": "1"}
    assert (page.died, caplog.records) == ([], [])


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", WHOLE[:-2], POST + b"Content-Length: 9\r\n\r\n{"]
)
def test_a_client_that_sends_nothing_more_is_hung_up_on(serve, monkeypatch, sent):
    monkeypatch.setattr(connection, "ARRIVE", 0.2)
    assert serve(Numbers()).send(sent) == b""


def test_a_client_that_sends_a_byte_at_a_time_is_hung_up_on(serve, monkeypatch):
    monkeypatch.setattr(connection, "ARRIVE", 0.3)
    with serve(Numbers()).connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        pause = threading.Event()
        with pytest.raises(OSError, match=r"reset|pipe"):
            while True:
                client.sendall(b"a")
                pause.wait(0.02)


def test_slow_clients_do_not_keep_others_waiting(page):
    slow = [page.connect() for _ in range(50)]
    for client in slow:
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
    assert page.get("/api/one?a=1").json == {"a": "1"}
    for client in slow:
        client.close()


def test_more_connections_than_there_is_room_for_get_a_clear_answer(serve, monkeypatch):
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    page = serve(Numbers())
    waiting = [page.connect() for _ in range(3)]
    assert status_of(page.send(WHOLE)) == 503
    for client in waiting:
        client.close()


def test_an_address_that_asks_too_often_waits_and_others_do_not(serve, monkeypatch):
    monkeypatch.setattr(admission, "REQUESTS", (5, 1.0))
    page = serve(Numbers(), password=PASSWORD)
    by = lambda n: {"x-forwarded-for": f"192.0.2.{n}"}  # noqa: E731
    assert [page.get("/login", **by(1)).status for _ in range(6)] == [200] * 5 + [429]
    assert page.get("/login", **by(2)).status == 200
    page.now += 2
    assert page.get("/login", **by(1)).status == 200


def test_one_page_more_than_there_is_room_for_gets_a_clear_answer(serve, monkeypatch):
    monkeypatch.setattr(broadcast, "VIEWERS", 2)
    page = serve(Numbers())
    with page.watch("/api/live") as first, page.watch("/api/live") as second:
        first.until(b"first"), second.until(b"first")
        answered = page.get("/api/live")
    assert answered.status == 503
    assert "close one" in answered.json["error"]


def test_a_viewer_that_does_not_read_is_lost_and_others_see_more(serve, monkeypatch, wait_for):
    monkeypatch.setattr(broadcast, "BEHIND", 20_000)
    monkeypatch.setattr(server, "TICK", 0.001)
    page = serve(Numbers())
    with page.watch("/api/live") as lazy, page.watch("/api/live") as viewer:
        viewers = page.server._broadcast._viewers
        viewer.until(b"first")
        wait_for(lambda: viewer.read() and any(len(one) == 1 for one in viewers.values()))
        lazy.until_end()
        assert viewer.read()


def test_a_client_that_takes_nothing_of_a_download_is_hung_up_on(serve, monkeypatch, wait_for):
    monkeypatch.setattr(connection, "TAKE", 0.2)
    endless = iter(lambda: b"x" * 65_536, b"")

    class Endless:
        def routes(self):
            yield Route("GET", "api/one", lambda _: Download("x", "text/csv", endless))

    page = serve(Endless())
    with page.connect() as client:
        client.sendall(WHOLE)
        wait_for(lambda: page.server._connections)
        wait_for(lambda: not page.server._connections)


def test_a_page_that_is_watched_ends_when_it_is_asked_to(page):
    with page.watch("/api/live") as viewer:
        viewer.until(b"first")
        page.worker.request_stop()
        page.worker.wait()
        viewer.until_end()
    assert page.died == []


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """A certificate for localhost and its key."""
    here = tmp_path_factory.mktemp("tls")
    certificate, key = here / "cert.pem", here / "key.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    files = ["-keyout", key, "-out", certificate, "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def encrypted(serve, tls):
    return serve(Numbers(), password=PASSWORD, tls=server_context(*map(str, tls)))


def over_tls(page, certificate, raw):
    context = ssl.create_default_context(cafile=certificate)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # for 3.13, a plain certificate is no CA
    with page.connect() as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
        client.sendall(raw)
        return all_of(client)


def test_the_page_is_served_over_tls_and_its_cookie_is_only_for_that(encrypted, tls):
    body = b'{"password": "%s"}' % PASSWORD.encode()
    head = POST.replace(b"/api/two", b"/login") + b"Content-Length: %d\r\n\r\n" % len(body)
    raw = over_tls(encrypted, tls[0], head + body)
    assert status_of(raw) == 200
    assert b"; Secure\r\n" in raw
    assert encrypted.server.url == f"https://127.0.0.1:{encrypted.port}/"


def test_a_client_without_tls_gets_nothing_and_others_are_answered(encrypted, tls):
    with encrypted.connect() as client:
        client.sendall(WHOLE)
        assert b"HTTP" not in read_all(client)
    assert status_of(over_tls(encrypted, tls[0], WHOLE)) == 401


def test_a_client_that_begins_no_tls_is_hung_up_on(serve, tls, monkeypatch):
    monkeypatch.setattr(connection, "ARRIVE", 0.2)
    page = serve(Numbers(), password=PASSWORD, tls=server_context(*map(str, tls)))
    with page.connect() as client:
        assert b"HTTP" not in read_all(client)


def read_all(client):
    """Return what comes up to the end, however that comes."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)
