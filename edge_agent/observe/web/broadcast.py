"""Server-sent events: encoded once, and written to all viewers; one that does not read is lost."""

from asyncio import StreamWriter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeAlias

import msgspec

from edge_agent.observe.web.request import Refusal
from edge_agent.observe.web.route import Stream

VIEWERS = 120  # of all streams together
BEHIND = 262_144  # bytes that a viewer has not taken
PING = b": still here\n\n"  # so that a viewer that is gone is noticed
PING_SECONDS = 15.0
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"X-Accel-Buffering: no\r\nConnection: close\r\n\r\n"
)
Viewers: TypeAlias = dict[StreamWriter, Callable[[], bool]]
FULL = f"{VIEWERS} pages are open already; close one, or try again later"


class Broadcast:
    """The viewers of each stream; the web thread owns it."""

    def __init__(self, streams: tuple[Stream, ...]) -> None:
        self.streams = streams
        self._viewers: dict[Stream, Viewers] = {stream: {} for stream in streams}
        self._pinged = 0.0

    @contextmanager
    def joined(
        self, stream: Stream, writer: StreamWriter, stays: Callable[[], bool]
    ) -> Iterator[None]:
        """Show a viewer what is true now, and then what is new, while `stays` is true.

        Raise Refusal if there are many.
        """
        if sum(map(len, self._viewers.values())) >= VIEWERS:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, FULL)
        writer.write(HEAD + _encoded(stream.first()))
        self._viewers[stream][writer] = stays
        try:
            yield
        finally:
            self._viewers[stream].pop(writer)

    def is_watched(self, stream: Stream) -> bool:
        """Return whether a stream has viewers."""
        return bool(self._viewers[stream])

    def step(self, now: float) -> None:
        """Show what is new; `now` is in s, monotonic."""
        ping = PING if now - self._pinged >= PING_SECONDS else b""
        if ping:
            self._pinged = now
            self._drop_strangers()
        for stream, viewers in self._viewers.items():
            text = _encoded(stream.fresh()) or ping
            for writer in tuple(viewers) if text else ():
                _write(writer, text)

    def _drop_strangers(self) -> None:
        for viewers in self._viewers.values():
            for writer in [one for one, stays in viewers.items() if not stays()]:
                writer.transport.abort()


def _encoded(values: Iterable[object]) -> bytes:
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(value) for value in values)


def _write(writer: StreamWriter, text: bytes) -> None:
    if writer.transport.get_write_buffer_size() > BEHIND:
        writer.transport.abort()
    else:
        writer.write(text)
