"""One request as it comes from a socket: bounded in size, and strict in form."""

import asyncio
import re
from http import HTTPStatus
from typing import NamedTuple

HEAD = 16_384  # bytes of the request line and all headers
BODY = 16_384
HEADERS = 64
LINE = re.compile(rb"(GET|HEAD|POST) (/[\x21-\x7e]*) HTTP/1\.[01]")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*)")
ONCE = ("authorization", "content-length", "content-type", "host", "x-csrf-token")


class Refusal(Exception):
    """A request that is not answered as asked: the status, and why in words."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(text)


class ReceivedRequest(NamedTuple):
    """A whole request; the names of its headers are in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


async def receive(reader: asyncio.StreamReader) -> ReceivedRequest | None:
    """Return the next request, or None if the client leaves before it is complete.

    Raise Refusal if it is too large, or no request that we understand. The limit of `reader` is
    that of the head.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        method, url, headers = parse_head(head)
        return ReceivedRequest(method, url, headers, await reader.readexactly(_length(headers)))
    except asyncio.LimitOverrunError:
        text = f"the request line and the headers have more than {HEAD} bytes"
        raise Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text) from None
    except asyncio.IncompleteReadError:
        return None


def parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """Return method, URL and headers; raise Refusal."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = LINE.fullmatch(first)
    if found is None:
        raise _bad("this is no GET, HEAD or POST of HTTP/1.1 with a path")
    if len(lines) > HEADERS:
        raise _bad(f"there are more than {HEADERS} headers")
    return found[1].decode(), found[2].decode(), _headers(lines)


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = HEADER.fullmatch(line)
        if found is None:
            raise _bad("a header is malformed")
        name, value = found[1].decode().lower(), found[2].decode().strip()
        if name in headers and name in ONCE:
            raise _bad(f"{name} is there twice")
        headers[name] = f"{headers[name]}; {value}" if name in headers else value
    return headers


def _length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "send Content-Length, not Transfer-Encoding")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdecimal()):
        raise _bad("Content-Length is no number")
    if len(text) > 9 or int(text) > BODY:
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {BODY} bytes")
    return int(text)


def _bad(text: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, text)
