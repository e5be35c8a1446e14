"""What goes back to a client, with the headers that keep a browser safe."""

import re
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
from microdot import Request, Response

from edge_agent.observe.web.answering import AnswerThreads
from edge_agent.observe.web.request import Refusal
from edge_agent.observe.web.route import Download, Json
from edge_agent.observe.web.static_files import StaticFile

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")  # in the name of a file
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
JSON_TYPE = {"Content-Type": "application/json"}


def finished(response: Response) -> Response:
    """Return a response with the reason of its status, and with what keeps a browser safe."""
    response.reason = HTTPStatus(response.status_code).phrase
    response.headers.update({**SAFE_HEADERS, "Connection": "close"})
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def of_json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a response that is JSON."""
    return Response(msgspec.json.encode(value), status, JSON_TYPE)


def of_refusal(refusal: Refusal) -> Response:
    """Return why a request is not answered as asked."""
    response = of_json({"error": refusal.text}, refusal.status)
    if refusal.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response.headers["Retry-After"] = "5"
    return response


def of_file(file: StaticFile, request: Request) -> Response:
    """Return a file of the page, or that the browser has it already."""
    headers = {"Content-Type": file.type, "ETag": file.tag, "Cache-Control": "no-cache"}
    headers["Vary"] = "Accept-Encoding"
    if request.headers.get("If-None-Match") == file.tag:
        return Response(b"", HTTPStatus.NOT_MODIFIED, headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(file.packed, HTTPStatus.OK, {**headers, "Content-Encoding": "gzip"})
    return Response(file.content, HTTPStatus.OK, headers)


def of_answer(answer: Json | Download, threads: AnswerThreads) -> Response:
    """Return what a view answered."""
    if isinstance(answer, Json):
        return of_json(answer.value)
    headers = {
        "Content-Type": answer.media_type,
        "Content-Disposition": f'attachment; filename="{UNSAFE.sub("_", answer.name)}"',
    }
    chunks: Any = _chunks(answer, threads)  # microdot takes it, its types do not say so
    return Response(chunks, HTTPStatus.OK, headers)


async def _chunks(answer: Download, threads: AnswerThreads) -> AsyncIterator[bytes]:
    chunks = iter(answer.chunks)
    while (chunk := await threads.call(partial(next, chunks, None))) is not None:
        yield chunk
