"""The server of the page: what it answers to a browser that means well."""

import gzip
import re
import socket
import struct

import pytest

from edge_agent.errors import AgentError
from edge_agent.observe.web.route import BadRequest, Download, Json, Route, Stream
from edge_agent.observe.web.static_files import static_files

LARGEST = 100_000  # bytes of all files of the page together, as a browser gets them


class View:
    """Offers what a test gives it."""

    def __init__(self, *offers):
        self._offers = offers

    def routes(self):
        return self._offers


def one_route(answer, method="GET"):
    return View(Route(method, "api/one", answer))


def raising(error):
    def answer(_query):
        raise error

    return answer


def test_the_page_is_small():
    assert 0 < sum(len(file.packed) for file in static_files().values()) <= LARGEST


def test_the_licence_of_what_others_wrote_is_served_with_it():
    files = static_files()
    version = files["/vendor/uPlot.iife.min.js"].content.splitlines()[0]
    assert version == b"/*! https://github.com/leeoniya/uPlot (v1.6.32) */"
    assert b"MIT License" in files["/vendor/uPlot-LICENSE.txt"].content


@pytest.mark.parametrize("path", sorted(static_files()))
def test_every_file_of_the_page_is_served(serve, path):
    answered = serve().get(path)
    file = static_files()[path]
    assert (answered.status, answered.body) == (200, file.content)
    assert answered.headers["content-type"] == file.type


@pytest.mark.parametrize("path", sorted(static_files()))
def test_a_browser_gets_every_file_packed(serve, path):
    answered = serve().get(path, **{"accept-encoding": "gzip, deflate, br"})
    assert answered.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answered.body) == static_files()[path].content


def test_a_file_that_the_browser_has_is_not_sent_again(serve):
    page = serve()
    tag = page.get("/app.js").headers["etag"]
    answered = page.get("/app.js", **{"if-none-match": tag})
    assert (answered.status, answered.body) == (304, b"")


def test_a_view_gets_the_decoded_arguments(serve):
    page = serve(one_route(lambda query: Json(dict(query.arguments))))
    answered = page.get("/api/one?channel=air.temperature&at=%C3%A9+1")
    assert answered.json == {"channel": "air.temperature", "at": "é 1"}


def test_a_view_gets_the_body_of_a_post(serve):
    page = serve(one_route(lambda query: Json(query.body), "POST"))
    token = page.get("/api/session").json["csrf"]
    answered = page.ask("POST", "/api/one", {"above": 30}, **{"x-csrf-token": token})
    assert answered.json == {"above": 30}


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (BadRequest("since is missing"), 400, "since is missing"),
        (AgentError("the log is locked", "wait"), 503, "the log is locked: wait"),
        (KeyError("secret"), 500, "the agent could not answer; its log says why"),
    ],
)
def test_an_error_of_a_view_becomes_a_status_and_a_text(serve, error, status, text):
    answered = serve(one_route(raising(error))).get("/api/one")
    assert (answered.status, answered.json) == (status, {"error": text})


def test_a_download_arrives_whole_under_a_harmless_name(serve):
    download = Download('a"\r\nX: 1.csv', "text/csv", (b"%d\n" % n * 1000 for n in range(9)))
    answered = serve(one_route(lambda _query: download)).get("/api/one")
    assert answered.body == b"".join(b"%d\n" % n * 1000 for n in range(9))
    assert answered.headers["content-disposition"] == 'attachment; filename="a_X_1.csv"'


def test_a_question_for_the_head_alone_has_no_body(serve):
    stream = Stream("api/live", lambda: [{"air": 1}], list)
    page = serve(View(stream, Route("GET", "api/one", lambda _: Json("x"))))
    for path in ("/api/live", "/api/one", "/"):
        answered = page.ask("HEAD", path)
        assert (answered.status, answered.body) == (200, b"")


def test_a_viewer_gets_what_is_true_and_then_what_is_new(serve):
    news = []
    stream = Stream("api/live", lambda: [{"air": 1}], lambda: [news.pop()] if news else [])
    page = serve(View(stream))
    with page.watch("/api/live") as viewer:
        assert b"text/event-stream" in viewer.until(b'data: {"air":1}\n\n')
        news.append({"air": 2})
        viewer.until(b'data: {"air":2}\n\n')


def test_a_viewer_whose_connection_is_reset_is_gone_and_nothing_is_logged(serve, caplog):
    page = serve(View(Stream("api/live", lambda: [{"air": 1}], list)))
    with page.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(9)
    assert page.get("/api/session").status == 200
    page.worker.request_stop()
    page.worker.wait()
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


ABSOLUTE = re.compile(
    rb"""(?:href|src|action)\s*=\s*["']?/|(?:fetch|import|from|EventSource)\s*\(?\s*["'`]/|url\(/"""
)
ELSEWHERE = re.compile(rb"""(?:href|src|fetch\(|import|from|url\()[\s=("'`]*(?:https?:)?//""")


@pytest.mark.parametrize("path", sorted(static_files()))
def test_a_file_of_the_page_works_below_any_path_and_without_the_internet(path):
    content = static_files()[path].content
    assert ABSOLUTE.findall(content) == []
    assert ELSEWHERE.findall(content) == []
