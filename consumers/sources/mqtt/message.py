"""A message as MQTT 3.1.1 and 5 send it, without what consumers do not need.

paho reads the properties of each message into an object, which costs more than all the rest.
"""

from typing import NamedTuple

HAS_ID = 0x06  # the bits of the quality of service, not all zero
MORE = 0x80  # the bit of a byte of a length that is not the last one
SHIFTS = (0, 7, 14, 21)  # what each byte of a length is shifted by


class MqttMessage(NamedTuple):
    """What a PUBLISH brought; `mid` is 0 if it needs no acknowledgement."""

    topic: bytes
    payload: bytes
    mid: int


def message_in(flags: int, packet: bytes | bytearray, *, properties: bool) -> MqttMessage:
    """Return the message of a PUBLISH; raise ValueError or IndexError if it breaks the protocol."""
    begin = 2 + int.from_bytes(packet[:2])
    topic, mid = bytes(packet[2:begin]), 0
    if flags & HAS_ID:
        mid = int.from_bytes(packet[begin : begin + 2])
        begin += 2
    if properties:
        begin = _after_properties(packet, begin)
    if begin > len(packet):
        raise ValueError("the packet is too short")
    return MqttMessage(topic, bytes(packet[begin:]), mid)


def _after_properties(packet: bytes | bytearray, begin: int) -> int:
    length = 0
    for place, shift in enumerate(SHIFTS, begin + 1):
        byte = packet[place - 1]
        length |= (byte & ~MORE) << shift
        if not byte & MORE:
            return place + length
    raise ValueError("the length of the properties has too many bytes")
