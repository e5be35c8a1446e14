"""The thread of the page: one loop that accepts connections, and shows what is new.

Others put what they have to show into queues, and continue. So nothing is locked, and a slow client
or a slow disk delays nothing but the page.
"""

import asyncio
import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from edge_agent.config.listen import ListenAddress
from edge_agent.observe.web.answering import AnswerThreads
from edge_agent.observe.web.application import Application
from edge_agent.observe.web.broadcast import VIEWERS, Broadcast
from edge_agent.observe.web.connection import serve
from edge_agent.observe.web.request import Refusal
from edge_agent.observe.web.route import Stream

END = 1.0  # seconds for the threads that answer
TICK = 0.25  # seconds between two looks for what is new
REFRESH = 3.0  # seconds between two readings of what is not put, while there are viewers
RETRY = 30.0  # seconds until an address is tried again: a network may come up late
PAUSE = 1.0  # seconds until the next connection if the system gave none, or for the last words
CONNECTIONS = VIEWERS + 64
BACKLOG = 64
LINGERING = 64  # connections that were turned away, and have yet to be closed
FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"

_logger = logging.getLogger(__name__)


class PageServer:
    """Serves the page at an address until `stop`; one that is taken is tried again."""

    def __init__(
        self,
        address: ListenAddress,
        tls: ssl.SSLContext | None,
        *,
        application: Application,
        broadcast: Broadcast,
        threads: AnswerThreads,
        monotonic: Callable[[], float],
    ) -> None:
        self._address = address
        self._tls = tls
        self._application = application
        self._broadcast = broadcast
        self._threads = threads
        self._monotonic = monotonic
        self._connections: set[asyncio.Task[None]] = set()
        self._turned_away: set[asyncio.Task[None]] = set()
        self._failed = ""
        self._stopping = threading.Event()
        self.stop = self._stopping.set

    @property
    def url(self) -> str:
        """Return where a browser finds the page."""
        return f"{'https' if self._tls else 'http'}://{self._address}/"

    def run(self) -> None:
        """Serve until asked to stop."""
        self._threads.start()
        try:
            asyncio.run(self._run())
        finally:
            self._threads.stop(self._monotonic() + END)

    async def _run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_ignore)
        refreshing = [
            self._refresh(one, one.refresh) for one in self._broadcast.streams if one.refresh
        ]
        own = (self._accept(), self._show(), *refreshing)
        tasks = [asyncio.create_task(one) for one in own]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _show(self) -> None:
        while not self._stopping.is_set():
            self._broadcast.step(self._monotonic())
            await asyncio.sleep(TICK)

    async def _refresh(self, stream: Stream, refresh: Callable[[], None]) -> None:
        while True:
            if self._broadcast.is_watched(stream):
                with suppress(Refusal):  # the threads that answer are busy
                    await self._threads.call(refresh)
            await asyncio.sleep(REFRESH)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        with await self._listen() as listener:
            while True:
                try:
                    connection, _ = await loop.sock_accept(listener)
                except OSError:  # it is gone again, or there are too many open files
                    await asyncio.sleep(PAUSE)
                else:
                    self._take(connection)

    async def _listen(self) -> socket.socket:
        while True:
            try:
                listener = self._open()
            except OSError as error:
                self._complain(f"web: {self._address}: {os.strerror(error.errno or 0)}")
                await asyncio.sleep(RETRY)
            else:
                _logger.info("web: the page is at %s", self.url)
                return listener

    def _open(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._address.host else socket.AF_INET
        listener = socket.create_server(tuple(self._address), family=family, backlog=BACKLOG)
        listener.setblocking(False)
        return listener

    def _complain(self, text: str) -> None:
        if text != self._failed:
            remedy = "name another address or port in [web]; tried again every 30 s"
            _logger.error("%s; %s", text, remedy)
        self._failed = text

    def _take(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        if len(self._connections) < CONNECTIONS:
            _keep(serve(connection, self._tls, self._application), self._connections)
        elif len(self._turned_away) < LINGERING:
            _keep(_turn_away(connection, plain=self._tls is None), self._turned_away)
        else:
            connection.close()


def _keep(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)


async def _turn_away(connection: socket.socket, *, plain: bool) -> None:
    """Say that there is no room, for a moment: what is not read would reset the connection."""
    with connection, suppress(OSError):
        if plain:
            connection.send(FULL)
        connection.shutdown(socket.SHUT_WR)
        await asyncio.sleep(PAUSE)


def _ignore(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Note what went wrong with a connection, for which a client may be to blame."""
    _logger.debug("web: %s", context.get("message"), exc_info=context.get("exception"))
