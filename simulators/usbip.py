"""USB/IP: simulated USB devices for any Linux kernel, this machine's own or one in the network.

Documentation/usb/usbip_protocol.rst, version 1.1.1. A device has one owner at a time: the thread of
the connection that imported it. It lies in its export until a connection takes it out.
"""

import errno
import logging
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from simulators.usb import NoResponse, Setup, Stall, UsbDevice

PORT = 3240
VERSION = 0x0111
LIST, LISTED, IMPORT, IMPORTED = 0x8005, 0x0005, 0x8003, 0x0003
OK, BUSY, NO_DEVICE = 0, 2, 4
SUBMIT, UNLINK, SUBMITTED, UNLINKED = range(1, 5)
FULL_SPEED = 2
LONGEST = 1 << 16  # bytes; our drivers' transfers are below a hundred
NOT_ISOCHRONOUS = 0xFFFFFFFF

OPERATION = struct.Struct(">HHI")  # version, code, status
BUS_ID = struct.Struct(">32s")
DESCRIPTION = struct.Struct(">256s32sIIIHHHBBBBBB")
REQUEST = struct.Struct(">IIIIIIIIII8s")
REPLY = struct.Struct(">IIIIIiIIII8x")

_logger = logging.getLogger(__name__)


class Garbage(Exception):
    """The received bytes are not USB/IP."""


class UsbRequest(NamedTuple):
    """The header of a request; of an UNLINK, `flags` is the sequence number to unlink."""

    command: int
    sequence: int
    device: int
    inward: int
    endpoint: int
    flags: int
    length: int
    frame: int
    packets: int
    interval: int
    setup: bytes


class Export:
    """A device on offer; it has one owner at a time."""

    def __init__(self, number: int, device: UsbDevice) -> None:
        self.device = device
        self.bus_id = f"1-{number}"
        self._number = number
        self._offered: SimpleQueue[UsbDevice] = SimpleQueue()
        self._offered.put(device)

    def take(self) -> UsbDevice | None:
        """Return the device to its new owner, or None if it has one already."""
        try:
            return self._offered.get_nowait()
        except Empty:
            return None

    def give_back(self, device: UsbDevice) -> None:
        """Offer it again."""
        self._offered.put(device)

    def description(self) -> bytes:
        """Return the description for lists and imports."""
        device, path = self.device, f"/sys/devices/simulated/{self.bus_id}"
        return DESCRIPTION.pack(
            *(path.encode(), self.bus_id.encode(), 1, self._number, FULL_SPEED),
            *(device.vendor, device.product, device.version),
            *(0xFF, 0, 0, 1, 1, 1),  # a vendor's class; one configuration with one interface
        )


class Server:
    """Offers devices to all clients; each connection has its own thread."""

    def __init__(
        self, devices: Sequence[UsbDevice], host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Listen; raise OSError if that fails. Port 0 is any that is free."""
        self.exports = tuple(Export(n, device) for n, device in enumerate(devices, 1))
        self._listener = socket.create_server((host, port))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._thread = Thread(target=self._accept, name="usbip", daemon=True)

    def start(self) -> None:
        """Let clients in."""
        self._thread.start()

    def close(self) -> None:
        """End every connection, which unplugs its device, and wait for their threads."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        guests: list[tuple[Thread, socket.socket]] = []
        with suppress(OSError):  # `close` shuts the listener down
            while True:
                guest, _ = self._listener.accept()
                thread = Thread(target=self._receive, args=(guest,), name="usbip", daemon=True)
                guests = [each for each in guests if each[0].is_alive()]
                guests.append((thread, guest))
                thread.start()
        for thread, guest in guests:
            with suppress(OSError):
                guest.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _receive(self, guest: socket.socket) -> None:
        with guest:
            try:
                guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._answer(guest)
            except Garbage as error:
                _logger.warning("a client is sent away: %s", error)
            except (EOFError, OSError):
                return  # it has gone

    def _answer(self, guest: socket.socket) -> None:
        version, code, _ = OPERATION.unpack(receive(guest, OPERATION.size))
        if version != VERSION or code not in {LIST, IMPORT}:
            raise Garbage(f"it asks for 0x{code:04x} in version 0x{version:04x}")
        if code == LIST:
            guest.sendall(self._list())
        else:
            self._import(guest, receive(guest, BUS_ID.size).rstrip(b"\0"))

    def _list(self) -> bytes:
        head = OPERATION.pack(VERSION, LISTED, OK) + len(self.exports).to_bytes(4)
        interface = bytes([0xFF, 0, 0, 0])
        return head + b"".join(export.description() + interface for export in self.exports)

    def _import(self, guest: socket.socket, bus_id: bytes) -> None:
        export = next((each for each in self.exports if each.bus_id.encode() == bus_id), None)
        device = export.take() if export else None
        if export is None or device is None:
            guest.sendall(OPERATION.pack(VERSION, IMPORTED, BUSY if export else NO_DEVICE))
            return
        _logger.info("%s is plugged in", device.name)
        try:
            guest.sendall(OPERATION.pack(VERSION, IMPORTED, OK) + export.description())
            Link(device, guest).serve()
        finally:
            _logger.info("%s is unplugged", device.name)
            export.give_back(device)


class Link:
    """A device plugged into a distant kernel: its requests, one after another."""

    def __init__(self, device: UsbDevice, guest: socket.socket) -> None:
        self._device = device
        self._guest = guest
        self._silent: set[int] = set()  # requests that wait for their time-out

    def serve(self) -> None:
        """Answer until the other side goes away; raise EOFError, OSError or `Garbage`."""
        while True:
            request = UsbRequest(*REQUEST.unpack(receive(self._guest, REQUEST.size)))
            if request.command == UNLINK:
                self._unlink(request)
            elif request.command == SUBMIT and request.length <= LONGEST:
                self._submit(request)
            else:
                raise Garbage(f"command {request.command} of {request.length} bytes")

    def _unlink(self, request: UsbRequest) -> None:
        waiting = request.flags in self._silent
        self._silent.discard(request.flags)
        status = -errno.ECONNRESET if waiting else 0  # 0: it was answered before
        self._reply(UNLINKED, request.sequence, status)

    def _submit(self, request: UsbRequest) -> None:
        if request.packets not in {0, NOT_ISOCHRONOUS}:
            raise Garbage("an isochronous transfer")
        data = b"" if request.inward else receive(self._guest, request.length)
        try:
            answer = self._transfer(request, data)[: request.length]
        except Stall:
            self._reply(SUBMITTED, request.sequence, -errno.EPIPE)
        except NoResponse:
            self._silent.add(request.sequence)
        else:
            answer, length = (answer, len(answer)) if request.inward else (b"", len(data))
            self._reply(SUBMITTED, request.sequence, 0, length, answer)

    def _transfer(self, request: UsbRequest, data: bytes) -> bytes:
        if request.endpoint == 0:
            return self._device.control(Setup(*struct.unpack("<BBHHH", request.setup)), data)
        if request.inward:
            return self._device.incoming(request.endpoint, request.length)
        self._device.outgoing(request.endpoint, data)
        return b""

    def _reply(
        self, command: int, sequence: int, status: int, length: int = 0, data: bytes = b""
    ) -> None:
        head = REPLY.pack(command, sequence, 0, 0, 0, status, length, 0, NOT_ISOCHRONOUS, 0)
        self._guest.sendall(head + data)


def receive(sock: socket.socket, count: int) -> bytes:
    """Return exactly so many bytes; raise EOFError if the other side ends before."""
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
