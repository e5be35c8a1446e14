"""From a request to its response: the files of the page, the login, and what the views offer."""

import asyncio
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

import msgspec
from microdot import Microdot, Request, Response
from microdot.microdot import NoCaseDict

from edge_agent.errors import AgentError
from edge_agent.observe.web.admission import Admission, Knock
from edge_agent.observe.web.answering import AnswerThreads
from edge_agent.observe.web.broadcast import Broadcast
from edge_agent.observe.web.request import ReceivedRequest, Refusal
from edge_agent.observe.web.responses import finished, of_answer, of_file, of_json, of_refusal
from edge_agent.observe.web.route import BadRequest, Deferred, Offer, Query, Route, Stream
from edge_agent.observe.web.static_files import StaticFile

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]
PATIENCE = 30.0  # seconds for what is deferred
LATE = f"there was no answer within {PATIENCE:.0f} s; see whether the agent is busy"
FAILED = "the agent could not answer; its log says why"

_logger = logging.getLogger(__name__)


class Client(NamedTuple):
    """Who asks: the address, and both directions of the connection."""

    address: str
    reader: StreamReader
    writer: StreamWriter


class Page:
    """What is at which path: files, what the login needs, what the views offer."""

    def __init__(
        self,
        threads: AnswerThreads,
        broadcast: Broadcast,
        stays: Callable[[Knock], bool],
    ) -> None:
        """Let viewers of streams stay while `stays` is true."""
        self._threads = threads
        self._broadcast = broadcast
        self._stays = stays
        self.app = Microdot()

    def add(
        self,
        files: Mapping[str, StaticFile],
        own: Mapping[tuple[str, str], Answer],
        offers: Iterable[Offer],
    ) -> None:
        """Add what is at which path."""
        for path, file in files.items():
            self._add("GET", path, partial(_file, file))
        for (method, path), answer in own.items():
            self._add(method, path, answer)
        for offer in offers:
            self._offer(offer)

    def _offer(self, offer: Offer) -> None:
        if isinstance(offer, Route):
            self._add(offer.method, f"/{offer.path}", partial(self._answer, offer))
        elif isinstance(offer, Deferred):
            self._add("POST", f"/{offer.path}", partial(_defer, offer))
        else:
            self._add("GET", f"/{offer.path}", partial(self._show, offer))

    def _add(self, method: str, path: str, answer: Answer) -> None:
        self.app.route(path, methods=[method])(partial(_guarded, answer))

    async def _answer(self, route: Route, request: Request) -> Response:
        query = _query(request)
        return await self._threads.call(lambda: of_answer(route.answer(query), self._threads))

    async def _show(self, stream: Stream, request: Request) -> Response:
        """Show a stream until the viewer leaves."""
        if request.method == "HEAD":
            return Response(b"", HTTPStatus.OK, {"Content-Type": "text/event-stream"})
        reader, writer = request.sock
        stays = partial(self._stays, request.g.knock)
        viewing = self._broadcast.joined(stream, writer, stays)
        with viewing, suppress(OSError):  # a reset ends it as well
            await reader.read(1)
        return Response.already_handled


class Application:
    """Admits requests, and answers them; the web thread owns it."""

    def __init__(self, page: Page, admission: Admission, monotonic: Callable[[], float]) -> None:
        self._page = page
        self._admission = admission
        self._monotonic = monotonic

    async def respond(self, received: ReceivedRequest, client: Client) -> Response:
        """Return the response to a request; `Response.already_handled` if it was written."""
        path = received.url.partition("?")[0]
        knock = Knock(received.method, path, received.headers, client.address)
        try:
            self._admission.admit(knock, self._monotonic())
        except Refusal as refusal:
            return _turned_away(knock, refusal)
        return await self._dispatch(received, client, knock)

    async def _dispatch(self, received: ReceivedRequest, client: Client, knock: Knock) -> Response:
        try:
            request = Request(
                self._page.app,
                (client.address, 0),
                received.method,
                received.url,
                "1.1",
                NoCaseDict(received.headers),
                body=received.body,
                sock=(client.reader, client.writer),
            )
        except ValueError:  # what is behind a % is no byte, or the bytes are no UTF-8
            return of_refusal(Refusal(HTTPStatus.BAD_REQUEST, "the arguments cannot be decoded"))
        request.g.knock = knock
        response = await self._page.app.dispatch_request(request)
        return response if response is Response.already_handled else finished(response)


async def _guarded(answer: Answer, request: Request) -> Response:
    """Answer whatever goes wrong; only what is our own fault is logged."""
    try:
        return await answer(request)
    except Refusal as refusal:
        return of_refusal(refusal)
    except BadRequest as error:
        return of_refusal(Refusal(HTTPStatus.BAD_REQUEST, str(error)))
    except AgentError as error:
        return of_refusal(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error)))
    except Exception:
        _logger.exception("web: %s failed", request.path)
        return of_refusal(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, FAILED))


async def _defer(offer: Deferred, request: Request) -> Response:
    begun = asyncio.wrap_future(offer.begin(_query(request)))
    try:
        async with asyncio.timeout(PATIENCE):
            return of_json(await begun)
    except TimeoutError:
        raise Refusal(HTTPStatus.GATEWAY_TIMEOUT, LATE) from None


async def _file(file: StaticFile, request: Request) -> Response:
    return of_file(file, request)


def _query(request: Request) -> Query:
    arguments = {name: request.args[name] for name in request.args}
    try:
        body = msgspec.json.decode(request.body) if request.body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is no JSON: {error}") from None
    return Query(arguments, body)


def _turned_away(knock: Knock, refusal: Refusal) -> Response:
    """Lead a browser to the login; tell others why they get nothing."""
    if refusal.status is HTTPStatus.UNAUTHORIZED and knock.path == "/":
        return finished(Response(b"", HTTPStatus.SEE_OTHER, {"Location": "login"}))
    return finished(of_refusal(refusal))
