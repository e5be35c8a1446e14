"""One connection: a request and its response, whose every wait ends."""

import asyncio
import logging
import socket
import ssl
from typing import Any

from microdot import Response

from edge_agent.observe.web.application import Application, Client
from edge_agent.observe.web.request import HEAD, Refusal, receive
from edge_agent.observe.web.responses import finished, of_refusal

ARRIVE = 5.0  # seconds for the handshake of TLS, and once more for a request
TAKE = 20.0  # seconds for a client to take AT_ONCE
AT_ONCE = 65_536  # bytes
LONGEST = 900.0  # seconds for a download
LINGER = 1.0  # seconds for a client that still sends to read why it is refused

_logger = logging.getLogger(__name__)


class GatheringWriter:
    """Gathers a response, and writes it no faster than the client takes it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._gathered = bytearray()

    async def awrite(self, data: bytes) -> None:
        """Take a part; raise TimeoutError if the client takes nothing."""
        self._gathered += data
        if len(self._gathered) >= AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered."""
        self._writer.write(bytes(self._gathered))
        self._gathered.clear()
        async with asyncio.timeout(TAKE):
            await self._writer.drain()


async def serve(
    connection: socket.socket, tls: ssl.SSLContext | None, application: Application
) -> None:
    """Answer the request of a connection, and close it."""
    try:
        reader, writer = await _opened(connection, tls)
    except (OSError, TimeoutError, asyncio.CancelledError):
        connection.close()
        return
    try:
        await _answer(reader, writer, application)
        writer.close()
        async with asyncio.timeout(TAKE):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        pass  # the client is gone, or too slow
    except Exception:
        _logger.exception("web: a connection ended by an error")
    finally:
        writer.transport.abort()


async def _opened(
    connection: socket.socket, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=HEAD, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    timeout = ARRIVE if tls else None
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, connection, ssl=tls, ssl_handshake_timeout=timeout
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, application: Application
) -> None:
    try:
        async with asyncio.timeout(ARRIVE):
            received = await receive(reader)
    except Refusal as refusal:
        await _write(finished(of_refusal(refusal)), writer)
        await _linger(reader, writer)
        return
    if received is not None:
        address = writer.get_extra_info("peername")[0]
        response = await application.respond(received, Client(address, reader, writer))
        if response is not Response.already_handled:
            await _write(response, writer)


async def _write(response: Response, writer: asyncio.StreamWriter) -> None:
    gathering: Any = GatheringWriter(writer)  # all of a StreamWriter that is used
    async with asyncio.timeout(LONGEST):
        await response.write(gathering)
        await gathering.flush()


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read on for a moment: what is not read would reset the connection before the response."""
    if writer.can_write_eof():
        writer.write_eof()
    async with asyncio.timeout(LINGER):
        while await reader.read(AT_ONCE):
            pass
