"""What a hostile broker says after its CONNACK; nothing here acknowledges an event."""

import random
import struct

COMMAND = b"edge/torture/command/read"


def publish(topic: bytes, payload: bytes, head: int = 0x32, more: bytes = b"\0") -> bytes:
    """Return a PUBLISH packet of MQTT 5; `more` are its properties, none by default."""
    body = struct.pack("!H", len(topic)) + topic + b"\0\x07" + more + payload
    return bytes([head]) + length(len(body)) + body


def length(number: int) -> bytes:
    """Return a length as MQTT writes it."""
    found = b""
    while True:
        number, low = divmod(number, 128)
        found += bytes([low | (128 if number else 0)])
        if not number:
            return found


def garbage(chances: random.Random, count: int) -> list[bytes]:
    """Return random bytes that do not begin as a PUBACK does."""
    heads = [head for head in range(256) if head >> 4 != 4]
    return [
        bytes([chances.choice(heads)]) + chances.randbytes(chances.randint(1, 60))
        for _ in range(count)
    ]


PACKETS = (
    publish(COMMAND + b"x" * 65_000, b"{}"),
    publish(b"edge/torture/command/\xff", b"{}"),
    publish(COMMAND, b"x" * 200_000),
    publish(COMMAND, b"{}", 0x36),
    publish(COMMAND, b"{}", 0x34),
    b"\x32\xff\xff\xff\x7f" + b"x" * 200_000,
    b"\x32\xff\xff\xff\xff\x7f",
    b"\x32\x09\0\x01a\0\x07\x7f\x08\xff\xff",
    b"\xe0\x02\xee\0",
    b"\xe0\x02\x8e\0",
    b"\x20\x03\0\x86\0",
    b"\x40\x04\0\0\xee\0",
)
