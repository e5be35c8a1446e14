"""Maxim's DS2490 (DS9490R) in front of a simulated 1-Wire: any Linux makes a w1 master of it.

Datasheet 19-5018; what of it is here is what the kernel's drivers/w1/masters/ds2490.c uses. Every
command is done when its request is answered: the wire takes no time.
"""

from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from simulators.onewire import Wire
from simulators.usb import Endpoint, NoResponse, Setup, Stall, UsbDevice

CONTROL, COMMUNICATION, MODE = range(3)  # requests (table 3)
RESET_DEVICE, FLUSH_RECEIVED, FLUSH_TO_SEND = 0x00, 0x08, 0x09  # control commands
SET_DURATION, BIT_IO, PULSE, RESET, BYTE_IO, BLOCK_IO, SEARCH = (
    *(0x12, 0x20, 0x30, 0x42, 0x52, 0x74, 0xF4),
)
COMMAND = 0xF6  # the bits of a communication command that name it
DATA_BIT = 0x0008  # of BIT_IO: the bit to write
STATUS_IN, DATA_OUT, DATA_IN = 1, 2, 3  # endpoints
IDLE = 0x20
FIFO = 128  # bytes
ROM_BYTES, ROM_BITS = 8, 64


class DS2490(UsbDevice):
    """One 1-Wire master."""

    vendor: ClassVar[int] = 0x04FA
    product: ClassVar[int] = 0x2490
    version: ClassVar[int] = 0x0002
    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint(0x80 | STATUS_IN, 3, 16),
        Endpoint(DATA_OUT, 2, 64),
        Endpoint(0x80 | DATA_IN, 2, 64),
    )
    settings: ClassVar[int] = 4

    def __init__(self, name: str, wire: Wire) -> None:
        super().__init__(name)
        self._wire = wire
        self._to_send = bytearray()
        self._received = bytearray()
        self._command = 0

    def vendor_request(self, setup: Setup, data: bytes) -> bytes:  # noqa: ARG002
        """Execute a command; a mode changes nothing here."""
        if setup.request == CONTROL:
            self._control(setup.value)
        elif setup.request == COMMUNICATION:
            self._communicate(setup.value, setup.parameter)
        elif setup.request != MODE:
            raise Stall
        return b""

    def outgoing(self, endpoint: int, data: bytes) -> None:
        """Take bytes for the wire."""
        if endpoint != DATA_OUT:
            raise Stall
        self._to_send += data

    def incoming(self, endpoint: int, length: int) -> bytes:
        """Give the status, or what was read from the wire."""
        if endpoint == STATUS_IN:
            return self._status()
        if endpoint != DATA_IN:
            raise Stall
        if not self._received:
            raise NoResponse
        return _take(self._received, length)

    def _status(self) -> bytes:
        """Return the state registers (table 4); a search runs while its results do not fit."""
        idle = IDLE if len(self._received) <= FIFO else 0
        settings = (0x01, 0x00, 0x40, 0x20, 0x05, 0x04, 0x04, 0x00)  # pull-up allowed; times
        fill = (0, min(len(self._to_send), FIFO), min(len(self._received), FIFO))
        return bytes([*settings, idle, *self._command.to_bytes(2, "little"), *fill, 0, 0])

    def _control(self, command: int) -> None:
        if command in {RESET_DEVICE, FLUSH_RECEIVED}:
            self._received.clear()
        if command in {RESET_DEVICE, FLUSH_TO_SEND}:
            self._to_send.clear()

    def _communicate(self, command: int, parameter: int) -> None:
        self._command = command
        name = command & COMMAND
        if name == RESET:
            self._wire.reset()
        elif name == BIT_IO:
            self._received.append(self._wire.slot(int(bool(command & DATA_BIT))))
        elif name == BYTE_IO:
            self._received.append(self._wire.byte(parameter & 0xFF))
        elif name == BLOCK_IO:
            self._received += bytes(map(self._wire.byte, _take(self._to_send, parameter)))
        elif name == SEARCH:
            self._search(parameter & 0xFF, parameter >> 8)
        elif name not in {SET_DURATION, PULSE}:
            raise Stall

    def _search(self, command: int, limit: int) -> None:
        """List the ROMs; one more than the limit says that there are more."""
        first = _take(self._to_send, ROM_BYTES)
        found = search(self._wire, command, first)
        for rom in islice(found, limit + 1 if limit else None):
            self._received += rom


def search(wire: Wire, command: int, first: bytes) -> Iterator[bytes]:
    """Yield the ROMs of all that take part, from `first` on if it is present (APPNOTE 187)."""
    rom: int | None = int.from_bytes(first, "little")
    fork = ROM_BITS
    while rom is not None and fork >= 0 and wire.reset():
        wire.byte(command)
        rom, fork = _descend(wire, rom, fork)
        if rom is not None:
            yield rom.to_bytes(ROM_BYTES, "little")


def _descend(wire: Wire, last: int, fork: int) -> tuple[int | None, int]:
    """Go as far as to `fork` where the last one went, there turn to 1, and from there on to 0.

    Return the ROM, or None if no chip answers, and where the next search turns: -1 at the end.
    """
    rom, next_fork = 0, -1
    for n in range(ROM_BITS):
        bit, complement = wire.slot(1), wire.slot(1)
        if bit and complement:
            return None, -1
        if bit == complement:  # some have a 0 here, and some a 1
            bit = int(n == fork) if n >= fork else last >> n & 1
            next_fork = next_fork if bit else n
        wire.slot(bit)
        rom |= bit << n
    return rom, next_fork


def _take(queue: bytearray, count: int) -> bytes:
    taken = bytes(queue[:count])
    del queue[:count]
    return taken
