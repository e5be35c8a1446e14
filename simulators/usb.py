"""A USB device as its host sees it: descriptors, control requests, bulk and interrupt transfers.

USB 2.0, chapter 9. A subclass names itself, its endpoints, and answers what its vendor invented.
"""

import struct
from typing import ClassVar, NamedTuple

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT = range(1, 6)  # descriptors, table 9-5
GET_DESCRIPTOR = 6
# What is accepted without consequences, and the answers (table 9-4): GET_STATUS,
# CLEAR_FEATURE, SET_FEATURE, GET_CONFIGURATION, SET_CONFIGURATION, SET_INTERFACE.
STANDARD = {0: b"\0\0", 1: b"", 3: b"", 8: b"\1", 9: b"", 11: b""}
TYPE, VENDOR = 0x60, 0x40
VENDOR_CLASS = 0xFF
CONTROL_PACKET = 64
MAKER = "edge-agent"
ENGLISH = 0x0409


class Stall(Exception):
    """The device refuses a request."""


class NoResponse(Exception):
    """The device does not answer: the host waits until its own time-out."""


class Setup(NamedTuple):
    """A control request (table 9-2); `parameter` is its wIndex."""

    kind: int
    request: int
    value: int
    parameter: int
    length: int


class Endpoint(NamedTuple):
    """Where data goes in (address ≥ 0x80) or out; kind 2 is bulk, 3 interrupt; packet in bytes."""

    address: int
    kind: int
    packet: int


class UsbDevice:
    """A vendor's device at full speed, with one interface; all alternate settings are alike."""

    vendor: ClassVar[int]
    product: ClassVar[int]
    version: ClassVar[int] = 0x0100
    endpoints: ClassVar[tuple[Endpoint, ...]] = ()
    settings: ClassVar[int] = 1

    def __init__(self, name: str) -> None:
        """`name` is the product string: `lsusb -v` shows it."""
        self.name = name

    def control(self, setup: Setup, data: bytes) -> bytes:
        """Answer a control request; raise `Stall` or `NoResponse`."""
        if setup.kind & TYPE == VENDOR:
            return self.vendor_request(setup, data)
        if setup.kind & TYPE:
            raise Stall
        if setup.request == GET_DESCRIPTOR:
            return self._descriptor(setup.value >> 8, setup.value & 0xFF)
        if setup.request not in STANDARD:
            raise Stall
        return STANDARD[setup.request]

    def vendor_request(self, setup: Setup, data: bytes) -> bytes:
        """Answer what only this kind of device knows; raise `Stall` or `NoResponse`."""
        raise NotImplementedError

    def incoming(self, endpoint: int, length: int) -> bytes:  # noqa: ARG002
        """Give up to `length` bytes from an endpoint; raise `Stall` or `NoResponse`."""
        raise Stall

    def outgoing(self, endpoint: int, data: bytes) -> None:  # noqa: ARG002
        """Take bytes for an endpoint; raise `Stall`."""
        raise Stall

    def _descriptor(self, kind: int, number: int) -> bytes:
        if kind == DEVICE:
            return self._device()
        if kind == CONFIGURATION:
            return self._configuration()
        if kind == STRING and number < 3:
            return _string(("", MAKER, self.name)[number])
        raise Stall

    def _device(self) -> bytes:
        return struct.pack(
            "<BBHBBBBHHHBBBB",
            *(18, DEVICE, 0x0110, VENDOR_CLASS, 0, 0, CONTROL_PACKET),
            *(self.vendor, self.product, self.version, 1, 2, 0, 1),
        )

    def _configuration(self) -> bytes:
        body = b"".join(self._setting(number) for number in range(self.settings))
        bus_powered, current = 0x80, 50  # in 2 mA
        head = (9, CONFIGURATION, 9 + len(body), 1, 1, 0, bus_powered, current)
        return struct.pack("<BBHBBBBB", *head) + body

    def _setting(self, number: int) -> bytes:
        head = (9, INTERFACE, 0, number, len(self.endpoints), VENDOR_CLASS, 0, 0, 0)
        return bytes(head) + b"".join(
            struct.pack("<BBBBHB", 7, ENDPOINT, *endpoint, 1) for endpoint in self.endpoints
        )


def _string(text: str) -> bytes:
    body = text.encode("utf-16-le") if text else ENGLISH.to_bytes(2, "little")
    return bytes([2 + len(body), STRING]) + body
