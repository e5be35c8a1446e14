"""What a view of the page offers: plain functions that answer requests, and streams of what is new.

Views know neither the web library nor its loop. The server calls an `answer` in a thread of its
own, where it may block for a moment; it calls the functions of a `Stream` in the web thread.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias


class BadRequest(Exception):
    """A request that asks for nothing that there is: status 400, with this text.

    Raise AgentError if the request is right, but cannot be answered now: status 503.
    """


class Query(NamedTuple):
    """The arguments of a URL, decoded, and the JSON of a POST; None if there is no body."""

    arguments: Mapping[str, str] = {}
    body: Any = None

    def text(self, name: str, default: str | None = None) -> str:
        """Return an argument; raise BadRequest if it is missing and has no default."""
        value = self.arguments.get(name, default)
        if value is None:
            raise BadRequest(f"{name} is missing")
        return value

    def whole(self, name: str, lowest: int, highest: int, default: int | None = None) -> int:
        """Return an argument as a whole number; raise BadRequest if it is none in the range."""
        if default is not None and name not in self.arguments:
            return default
        text = self.text(name)
        is_whole = len(text) < 20 and text.isascii() and text.removeprefix("-").isdecimal()
        if is_whole and lowest <= int(text) <= highest:
            return int(text)
        raise BadRequest(f"{name} is not a whole number from {lowest} to {highest}")


class Json(NamedTuple):
    """An answer that msgspec encodes."""

    value: Any


class Download(NamedTuple):
    """A file that the browser saves as `name`.

    Its chunks are taken one by one, no faster than the client reads, each in any thread: hold no
    connection and no transaction between two of them.
    """

    name: str
    media_type: str
    chunks: Iterable[bytes]


class Route(NamedTuple):
    """The answer to one method and path, such as `api/now`: relative, without arguments.

    `answer` raises BadRequest or AgentError; anything else is logged, and answered with 500.
    """

    method: Literal["GET", "POST"]
    path: str
    answer: Callable[[Query], Json | Download]


class Stream(NamedTuple):
    """Server-sent events of one path: what is true as a viewer comes, then what is new for all.

    The web thread alone calls both functions; they must not block. `first` returns what a new
    viewer gets. `fresh` is called several times a second, also without viewers, and returns what
    is new since the last call; each value becomes one event with JSON, encoded once for all.
    While it has viewers, `refresh` is called every few seconds in another thread, where it may
    block; what it finds out, it puts where `fresh` takes it from.
    """

    path: str
    first: Callable[[], Sequence[Any]]
    fresh: Callable[[], Sequence[Any]]
    refresh: Callable[[], None] | None = None


class Deferred(NamedTuple):
    """A POST whose answer comes later: the web thread calls `begin`, which must not block.

    It raises as the `answer` of a Route does. The future is cancelled if it takes too long.
    """

    path: str
    begin: Callable[[Query], Future[Any]]


Offer: TypeAlias = Route | Stream | Deferred


class PageView(Protocol):
    """One view of the page."""

    def routes(self) -> Iterable[Offer]:
        """Return all that its part of the page asks for."""
        ...
