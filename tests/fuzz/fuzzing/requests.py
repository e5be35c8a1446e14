"""Requests to the page as bytes: each is answered or refused, and becomes no header of its own."""

import json
from asyncio import StreamReader
from types import SimpleNamespace

from edge_agent.observe.web.admission import Admission
from edge_agent.observe.web.application import Application, Client, Page
from edge_agent.observe.web.broadcast import Broadcast
from edge_agent.observe.web.login import PageLogin
from edge_agent.observe.web.login_routes import LoginRoutes
from edge_agent.observe.web.request import HEAD, Refusal, receive
from edge_agent.observe.web.responses import finished, of_refusal
from edge_agent.observe.web.route import Download, Json, Route
from edge_agent.observe.web.static_files import static_files

STATUSES = {200, 303, 304, 400, 401, 403, 404, 405, 411, 413, 415, 421, 429, 431}
PASSWORD = "a long password"
FILES = static_files()


class AtOnce:
    """Calls functions in place of the threads that answer."""

    async def call(self, function):
        """Return what the function returns."""
        return function()


def _application(password: str) -> Application:
    login = PageLogin(password, 8080)
    admission = Admission(login)
    routes = LoginRoutes(login, admission, lambda: 0.0, about={"node": "shed"}, secure=False)
    page = Page(AtOnce(), Broadcast(()), lambda _: True)
    offers = [
        Route("GET", "api/one", lambda query: Json(dict(query.arguments))),
        Route("GET", "api/file", lambda query: Download(query.text("name"), "text/csv", [])),
        Route("POST", "api/two", lambda query: Json(query.body)),
    ]
    page.add(FILES, routes.answers, offers)
    return Application(page, admission, lambda: 0.0)


def run(coroutine):
    """Return what a coroutine returns that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


async def respond(application: Application, data: bytes):
    """Return the response to what has arrived; None if it is no whole request."""
    reader = StreamReader(limit=HEAD, loop=SimpleNamespace(get_debug=lambda: False))
    reader.feed_data(data)
    reader.feed_eof()
    try:
        received = await receive(reader)
    except Refusal as refusal:
        return finished(of_refusal(refusal))
    return received and await application.respond(received, Client("192.0.2.1", reader, None))


def target(data: bytes) -> None:
    """Ask a page with a password, and one without."""
    for password in ("", PASSWORD):
        response = run(respond(_application(password), data))
        if response is not None:
            assert response.status_code in STATUSES, response.status_code
            lines = [f"{name}{value}" for name, value in response.headers.items()]
            assert not any(set(line) & {"\r", "\n"} for line in lines), lines


def _request(line: str, *headers: str, body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    given = ["Host: localhost", *headers, f"Content-Length: {len(content)}"]
    return "\r\n".join([f"{line} HTTP/1.1", *given, "", ""]).encode() + content


TYPE = "Content-Type: application/json"
SEEDS = (
    _request("GET /"),
    _request("GET /app.js", 'If-None-Match: "0123456789abcdef"'),
    _request("GET /api/one?channel=air.temperature&at=%C3%A9+1", "Cookie: edge_session_8080=abc"),
    _request("GET /api/file?name=air%0d%0aX:1.csv", f"Authorization: Bearer {PASSWORD}"),
    _request("HEAD /api/session", "X-Forwarded-For: 192.0.2.1, 192.0.2.2"),
    _request("POST /login", TYPE, body={"password": PASSWORD}),
    _request("POST /api/two", TYPE, f"Authorization: Bearer {PASSWORD}", body={"above": [1, None]}),
    _request("POST /api/logout", TYPE, "X-CSRF-Token: abc", body={}),
)
