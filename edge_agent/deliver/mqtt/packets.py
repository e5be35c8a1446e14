"""PUBLISH and PUBACK as MQTT 3.1.1 and 5 write them: the two packets that there is one of an event.

paho builds objects for each of them that cost more than all else on the way; it does all the rest.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from edge_agent.deliver.mqtt.job import Messages

PUBLISH, QOS_1, RETAIN = 0x30, 0x02, 0x01
PUBACK = 0x40
REFUSED = 0x80  # this reason code, and those above
LEAST = 4  # bytes of a PUBACK
PLAIN = PUBACK << 8 | 2  # how one begins that says no more than its message's id
REMEMBERED = 256  # topics and sizes: those of readings come again and again


def publish(topic: str, payload: bytes, mid: int, *, retain: bool, properties: bytes) -> bytes:
    """Return a PUBLISH with QoS 1; with QoS 0 if `mid` is 0.

    `properties` are packed, with their length; MQTT 3.1.1 has none.
    """
    name = _name(topic)
    number = mid.to_bytes(2) if mid else b""
    flags = PUBLISH | (QOS_1 if mid else 0) | (RETAIN if retain else 0)
    size = len(name) + len(number) + len(properties) + len(payload)
    return b"".join((_head(flags, size), name, number, properties, payload))


def publish_all(messages: Messages, mids: Sequence[int], properties: bytes) -> list[bytes]:
    """Return the PUBLISH with QoS 1 of each message; one call for many takes less of the time."""
    more = 2 + len(properties)  # bytes beside topic and payload
    packets = []
    for (topic, payload), mid in zip(messages, mids, strict=True):
        name = _name(topic)
        head = _head(PUBLISH | QOS_1, len(name) + more + len(payload))
        packets.append(b"".join((head, name, mid.to_bytes(2), properties, payload)))
    return packets


@lru_cache(REMEMBERED)
def _name(topic: str) -> bytes:
    """Return a topic behind its length."""
    name = topic.encode()
    return len(name).to_bytes(2) + name


@lru_cache(REMEMBERED)
def _head(flags: int, size: int) -> bytes:
    """Return what a packet begins with; MQTT writes lengths in seven bits a byte, lowest first."""
    digits = [flags]
    while size > 0x7F:
        digits.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes((*digits, size))


class Acknowledged(NamedTuple):
    """The messages that a broker has, and how many bytes said so."""

    mids: list[int]
    length: int


def acknowledged(received: bytes) -> Acknowledged:
    """Return the ids in the PUBACKs with which `received` begins, up to the first other packet.

    One with a refusal or with properties counts as another packet, as does one that is not whole.
    """
    mids, end = _plain(received), len(received)
    at = LEAST * len(mids)
    while end - at >= LEAST and received[at] == PUBACK:
        size = received[at + 1]
        following = at + 2 + size
        if following > end or (size != 2 and not _is_plain(received[at + 4 : following], size)):
            break
        mids.append(received[at + 2] << 8 | received[at + 3])
        at = following
    return Acknowledged(mids, at)


def _plain(received: bytes) -> list[int]:
    """Return the ids in the PUBACKs of four bytes with which `received` begins: most are so."""
    count = len(received) // LEAST
    words = struct.unpack_from(f">{2 * count}H", received)
    heads = words[::2]
    if heads.count(PLAIN) < count:
        count = next(n for n, head in enumerate(heads) if head != PLAIN)
    return list(words[1 : 2 * count : 2])


def _is_plain(reason: bytes, size: int) -> bool:
    """Return whether a PUBACK of this size says no more than that the broker has the message."""
    return size in (3, 4) and reason[0] < REFUSED and not any(reason[1:])


def refusal(packet: bytes | bytearray) -> tuple[int, int]:
    """Return id and reason code of a PUBACK behind its length; raise ValueError if it is none."""
    if len(packet) < 2:
        raise ValueError(packet)
    return packet[0] << 8 | packet[1], packet[2] if len(packet) > 2 else 0
