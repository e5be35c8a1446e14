"""A TCP proxy on the loopback: the link between an agent and its broker, as bad as a test wants.

Everything runs on one event loop in one thread. A test replaces `conditions` as a whole; the pieces
that cross the link from then on meet the new ones.
"""

import asyncio
import random
import socket
import struct
import threading
from dataclasses import dataclass, field

from lab.broker import free_port

THERE, BACK = "there", "back"  # to the broker, and from it
PIECE = 4096  # bytes that cross at once
NO_LINGER = struct.pack("ii", 1, 0)  # a close then sends RST
RETRANSMISSION = (0.2, 1.0)  # s


@dataclass(frozen=True)
class Conditions:
    """What a link does with the pieces that cross it; `stalls` and `resets` are chances."""

    refuses: bool = False  # every connection ends, and no new one lasts
    latency: float = 0.0  # s, each way
    rate: float = 0.0  # bytes a second, each way; 0: no limit
    stalls: float = 0.0  # a lost packet: its piece waits for the retransmission
    resets: float = 0.0  # the connection ends with RST in the middle of a piece
    swallows: frozenset[str] = frozenset()  # the ways on which bytes vanish, the connections stay


GOOD = Conditions()
HALF_OPEN = Conditions(swallows=frozenset({THERE, BACK}))


@dataclass(eq=False)
class Pair:
    """Two connections that are one for those who use them."""

    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    swallowed: bool = False  # bytes are missing: it can never work again

    def reset(self) -> None:
        for writer in self.writers:
            if not writer.transport.is_closing():
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                writer.transport.abort()

    def close(self) -> None:
        for writer in self.writers:
            writer.close()


class Proxy:
    """Carries the connections to its own `port` on to another port of the loopback.

    `accepted` counts connections, `broken` those that the proxy ended, `delayed` and `stalled`
    pieces, and `swallowed` bytes.
    """

    def __init__(self, chances: random.Random) -> None:
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.accepted = self.broken = self.delayed = self.stalled = self.swallowed = 0
        self._target = 0
        self._chances = chances
        self._conditions = GOOD
        self._pairs: set[Pair] = set()
        self._listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def start(self, target: int) -> "Proxy":
        """Carry on to port `target`; return once connections are accepted."""
        self._target = target
        self._thread.start()
        assert self._listening.wait(60)
        return self

    def be(self, conditions: Conditions) -> None:
        """Change the link; those that have lost bytes end, as a real peer ends them."""
        self._call(self._change, conditions)

    def cut(self) -> None:
        """End every connection in good order."""
        self._call(self._end, False)

    def reset(self) -> None:
        """End every connection with RST."""
        self._call(self._end, True)

    def close(self) -> None:
        """End everything, and the thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _call(self, act, *arguments) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (act(*arguments), done.set()))
        assert done.wait(60)

    def _change(self, conditions: Conditions) -> None:
        self._conditions = conditions
        for pair in list(self._pairs):
            if conditions.refuses or (pair.swallowed and not conditions.swallows):
                self._break(pair)

    def _end(self, hard: bool) -> None:
        for pair in list(self._pairs):
            self._break(pair, hard=hard)

    def _break(self, pair: Pair, *, hard: bool = True) -> None:
        self.broken += 1
        self._pairs.discard(pair)
        pair.reset() if hard else pair.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Small: a client that is faster than the link notices it soon.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)
            listener.bind(("127.0.0.1", self.port))
            async with await asyncio.start_server(self._accept, sock=listener, limit=PIECE):
                self._listening.set()
                await self._stopped.wait()
                self._end(True)
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.sleep(0)  # a connection accepted a moment ago gets to where it can end
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # for what the ends of transports have still to do

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        pair = Pair([writer])
        self._pairs.add(pair)
        if self._conditions.refuses:
            self._break(pair)
            return
        try:
            answers, target = await asyncio.open_connection("127.0.0.1", self._target, limit=PIECE)
            pair.writers.append(target)
            await asyncio.gather(
                self._carry(THERE, reader, target, pair), self._carry(BACK, answers, writer, pair)
            )
        except (OSError, asyncio.CancelledError):
            pair.reset()
        finally:
            self._pairs.discard(pair)

    async def _carry(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: Pair
    ) -> None:
        while data := await reader.read(self._size()):
            if way in self._conditions.swallows or pair.swallowed:
                pair.swallowed = True
                self.swallowed += len(data)
            else:
                await self._cross(data, writer, pair)
            if pair not in self._pairs:
                return
        if way in self._conditions.swallows or pair.swallowed:
            pair.swallowed = True  # the other end does not learn of the end, either
        else:
            writer.close()

    def _size(self) -> int:
        rate = self._conditions.rate
        return max(1, min(PIECE, round(rate / 10))) if rate else PIECE

    async def _cross(self, data: bytes, writer: asyncio.StreamWriter, pair: Pair) -> None:
        now = self._conditions
        delay = now.latency + (len(data) / now.rate if now.rate else 0.0)
        if self._chances.random() < now.stalls:
            self.stalled += 1
            delay += self._chances.uniform(*RETRANSMISSION)
        self.delayed += delay > 0
        await asyncio.sleep(delay)
        if self._chances.random() < now.resets:
            writer.write(data[: len(data) // 2])
            self._break(pair)
        else:
            writer.write(data)
            await writer.drain()
