"""A web server that takes MQTT out of WebSockets, as nginx or a cloud's front does."""

import asyncio
import contextlib
import threading
from queue import SimpleQueue

from websockets.asyncio.server import serve


class WebGateway:
    """Hands what comes on `/mqtt` on to a broker; frames of its own are small and interrupted."""

    def __init__(self, broker_port, tls=None):
        self._broker_port, self._tls = broker_port, tls
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        started = SimpleQueue()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete, args=(self._run(started),)
        )
        self._thread.start()
        self.port = started.get(timeout=60)

    async def _run(self, started):
        async with serve(
            self._carry,
            "127.0.0.1",
            0,
            ssl=self._tls,
            subprotocols=["mqtt"],
            process_request=self._only_mqtt,
            max_size=None,
        ) as server:
            started.put(server.sockets[0].getsockname()[1])
            await self._stopping.wait()

    def _only_mqtt(self, connection, request):
        return None if request.path == "/mqtt" else connection.respond(404, "no MQTT here")

    async def _carry(self, client):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        back = asyncio.create_task(self._answer(client, reader))
        with contextlib.suppress(Exception):
            async for message in client:
                writer.write(message)
                await writer.drain()
        back.cancel()
        writer.close()

    async def _answer(self, client, reader):
        while data := await reader.read(1000):
            await client.ping()
            await client.send(data[n : n + 300] for n in range(0, len(data), 300))
        await client.close()

    def close(self):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()
