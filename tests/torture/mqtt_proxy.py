"""A proxy that knows MQTT: a broker with moods that no real one shows on demand."""

import asyncio
from dataclasses import dataclass

from tests.torture.proxy import BACK, Pair, Proxy

PUBLISH, PUBACK = 3, 0x40
QOS = 0x06


@dataclass(frozen=True)
class Mood:
    """What the broker does instead of, or besides, what the real one behind it does."""

    refusal: int = 0  # the reason code for every event; the broker then never gets it
    hangs_up: bool = False  # right after the CONNACK
    greeting: bytes = b""  # follows the CONNACK


WELL = Mood()


class MqttProxy(Proxy):
    """Carries whole packets, in a `mood`; `refused` and `greeted` count what it has done."""

    mood = WELL
    refused = greeted = 0

    async def _carry(
        self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: Pair
    ) -> None:
        if way == BACK:
            writer.write(await _packet(reader))
            await self._greet(writer, pair)
            await super()._carry(way, reader, writer, pair)
            return
        while packet := await _packet(reader):
            if self.mood.refusal and packet[0] >> 4 == PUBLISH and packet[0] & QOS:
                pair.writers[0].write(self._refusal(packet))
            else:
                writer.write(packet)
                await writer.drain()
        writer.close()

    async def _greet(self, writer: asyncio.StreamWriter, pair: Pair) -> None:
        if self.mood.greeting:
            self.greeted += 1
            writer.write(self.mood.greeting)
        if self.mood.hangs_up:
            await writer.drain()
            self._break(pair, hard=False)

    def _refusal(self, packet: bytes) -> bytes:
        self.refused += 1
        topic = _body(packet)
        begin = topic + 2 + int.from_bytes(packet[topic : topic + 2])
        return bytes([PUBACK, 3, *packet[begin : begin + 2], self.mood.refusal])


def _body(packet: bytes) -> int:
    """Return where a packet's body begins: behind the bytes of its length."""
    return next(n for n in range(1, 6) if not packet[n] & 0x80) + 1


async def _packet(reader: asyncio.StreamReader) -> bytes:
    """Return the next packet; nothing at the end."""
    try:
        head = await reader.readexactly(2)
        while head[-1] & 0x80:
            head += await reader.readexactly(1)
        length = sum((byte & 0x7F) << 7 * n for n, byte in enumerate(head[1:]))
        return head + await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return b""
