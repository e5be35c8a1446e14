"""USB/IP spoken from the kernel's side, over TCP."""

import errno
import itertools
import os
import socket
import struct

VERSION = 0x0111
LIST, IMPORT = 0x8005, 0x8003
SUBMIT, UNLINK, SUBMITTED, UNLINKED = 1, 2, 3, 4
OUT, IN = 0, 1
TIMEOUT = 10


def received(line, count):
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def connected(server):
    return socket.create_connection(server.address, timeout=TIMEOUT)


def listing(server):
    """Return bus id, bus, number, speed, vendor and product of each device, as `usbip list`."""
    with connected(server) as line:
        line.sendall(struct.pack(">HHI", VERSION, LIST, 0))
        version, code, status, count = struct.unpack(">HHII", received(line, 12))
        assert (version, code, status) == (VERSION, 5, 0)
        rows = [struct.unpack(">256s32sIIIHHHBBBBBB4s", received(line, 316)) for _ in range(count)]
        assert line.recv(1) == b""
        return [(row[1].rstrip(b"\0").decode(), *row[2:7]) for row in rows]


class Refused(Exception):
    pass


class Plug:
    """What vhci-hcd is for one device."""

    def __init__(self, server, bus_id):
        self.line = connected(server)
        self.sequence = itertools.count(1)
        self.line.sendall(struct.pack(">HHI32s", VERSION, IMPORT, 0, bus_id.encode()))
        version, code, status = struct.unpack(">HHI", received(self.line, 8))
        assert (version, code) == (VERSION, 3)
        if status:
            self.line.close()
            raise Refused(status)
        self.description = received(self.line, 312)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def submit(self, inward, endpoint, length, setup=bytes(8), data=b""):
        sequence = next(self.sequence)
        head = (SUBMIT, sequence, 1 << 16 | 1, inward, endpoint, 0, length, 0, 0xFFFFFFFF, 0)
        self.line.sendall(struct.pack(">10I8s", *head, setup) + data)
        return sequence

    def unlink(self, unwanted):
        sequence = next(self.sequence)
        head = (UNLINK, sequence, 1 << 16 | 1, 0, 0, unwanted)
        self.line.sendall(struct.pack(">6I24x", *head))
        return sequence

    def reply(self):
        """Return code, sequence number, status, length and the rest."""
        head = received(self.line, 48)
        code, sequence, *_, status, length = struct.unpack(">5IiI", head[:28])
        return code, sequence, status, length

    def transfer(self, inward, endpoint, length, setup=bytes(8), data=b""):
        sequence = self.submit(inward, endpoint, length, setup, data)
        code, answered, status, actual = self.reply()
        assert (code, answered) == (SUBMITTED, sequence)
        if status:
            raise OSError(-status, os.strerror(-status))
        return received(self.line, actual) if inward else b""

    def control(self, kind, request, value, parameter, length=0, data=b""):
        length = length or len(data)
        setup = struct.pack("<BBHHH", kind, request, value, parameter, length)
        return self.transfer(kind >> 7, 0, length, setup, data)


class TinyUsbBus:
    """What i2c-tiny-usb and /dev/i2c-N make of a plugged adapter."""

    def __init__(self, plug):
        self._plug = plug

    def i2c_rdwr(self, *messages):
        for n, message in enumerate(messages):
            flags = 4 | (n == 0) | 2 * (n == len(messages) - 1)
            self._message(flags, message)
            if self._plug.control(0xC1, 3, 0, 0, 1) == b"\2":
                raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))

    def _message(self, flags, message):
        if message.flags & 1:
            data = self._plug.control(0xC1, flags, message.flags, message.addr, message.len)
            for n, byte in enumerate(data):
                message.buf[n] = bytes([byte])
        else:
            self._plug.control(0x41, flags, message.flags, message.addr, 0, bytes(message))


class Kernel:
    """A machine's hardware, its I2C buses plugged in over the network."""

    def __init__(self, server, numbers):
        self.plugs = [Plug(server, f"1-{n}") for n in range(1, len(numbers) + 1)]
        self._buses = dict(zip(numbers, map(TinyUsbBus, self.plugs), strict=True))

    def i2c(self, number):
        return self._buses[number]

    def claimed(self, _number, _address):
        return ""

    def close(self):
        for plug in self.plugs:
            plug.line.close()


def importable(server, bus_id):
    try:
        return Plug(server, bus_id)
    except Refused:
        return None


def gone(line):
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
