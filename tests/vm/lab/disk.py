"""A disk with a volatile cache: at a power cut, each sector not flushed is kept or lost at random.

It serves NBD (fixed newstyle, simple replies) to QEMU on a unix socket.
Protocol: the NBD project's doc/proto.md.
"""

import random
import socket
import struct
import subprocess
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from lab.tools import tool

SECTOR = 512
OPTION_GO, REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 7, 1, 3, 0x80000001
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FUA = 1
FEATURES = 1 | 4 | 8  # flags are valid; takes FLUSH, and FUA
OPTION_REPLY = 0x3E889045565A9


class Cut(NamedTuple):
    """The result of a power cut: sectors not flushed, and how many of them were kept."""

    unflushed: int
    kept: int


class VolatileDisk:
    """Keeps an image in memory, and separately what was written since the last FLUSH.

    `cut` keeps each sector of the latter with probability 1/2. A lying disk ignores FLUSH.
    """

    def __init__(self, image: Path, seed: int, *, lying: bool = False) -> None:
        """`image` is the disk's content at the start; it is not changed."""
        self.lying = lying
        self.flushes = 0
        self._durable = bytearray(image.read_bytes())
        self._cache: dict[int, bytes] = {}
        self._random = random.Random(seed)
        self._socket = image.with_suffix(".socket")
        self._thread = Thread()
        self._left = float("inf")  # requests until the power fails
        self._failed = Event()

    def plug(self) -> tuple[str, ...]:
        """Wait for one machine; return its QEMU arguments."""
        self._socket.unlink(missing_ok=True)
        self._left = float("inf")
        self._failed.clear()
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self._socket))
        listening.listen()
        self._thread = Thread(target=self._serve, args=(listening,), daemon=True)
        self._thread.start()
        drive = f"file=nbd:unix:{self._socket},format=raw,cache=writeback"
        return ("-drive", f"if=none,id=disk,{drive}")

    def fail(self, requests: int, seconds: float = 60) -> None:
        """Answer this many more requests, then none; return at that moment, to cut the power.

        Raise TimeoutError if the machine does not make that many in time.
        """
        self._left = requests
        if not self._failed.wait(seconds):
            raise TimeoutError(f"not {requests} requests within {seconds} s")

    def cut(self) -> Cut:
        """Lose data, after the machine that uses the disk has ended."""
        self._thread.join()
        kept = [number for number in self._cache if self._random.random() < 0.5]
        found = Cut(len(self._cache), len(kept))
        self._cache = {number: self._cache[number] for number in kept}
        self._flush()
        return found

    def settle(self) -> None:
        """Keep everything, as after an orderly shutdown."""
        self._thread.join()
        self._flush()

    def check(self) -> str:
        """Repair the file system as a Pi does at boot; return the output of e2fsck."""
        path = self._socket.with_suffix(".repaired")
        path.write_bytes(self._durable)
        done = subprocess.run(
            [*tool("e2fsck"), "-f", "-y", str(path)], capture_output=True, text=True, check=False
        )
        self._durable = bytearray(path.read_bytes())
        return done.stdout

    def _serve(self, listening: socket.socket) -> None:
        connection, _ = listening.accept()
        listening.close()
        with connection:
            try:
                self._negotiate(connection)
                while self._answer(connection):
                    pass
            except (EOFError, OSError):
                return  # the emulator was killed

    def _negotiate(self, client: socket.socket) -> None:
        client.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", 1))
        _take(client, 4)
        option = 0
        while option != OPTION_GO:
            _, option, length = struct.unpack(">8sII", _take(client, 16))
            _take(client, length)
            for kind, data in self._replies(option):
                head = struct.pack(">QIII", OPTION_REPLY, option, kind, len(data))
                client.sendall(head + data)

    def _replies(self, option: int) -> list[tuple[int, bytes]]:
        if option != OPTION_GO:
            return [(REPLY_UNSUPPORTED, b"")]
        export = struct.pack(">HQH", 0, len(self._durable), FEATURES)
        return [(REPLY_INFO, export), (REPLY_ACK, b"")]

    def _answer(self, client: socket.socket) -> bool:
        """Handle one request; return whether another one may follow."""
        _, flags, kind, cookie, start, length = struct.unpack(">IHHQQI", _take(client, 28))
        if kind == DISCONNECT:
            return False
        self._left -= 1
        if self._left < 0:
            self._failed.set()
            return self._ignore(client)
        data = b""
        if kind == READ:
            data = self._read(start // SECTOR, length // SECTOR)
        elif kind == WRITE:
            self._write(start // SECTOR, _take(client, length))
        if (kind == FLUSH or flags & FUA) and not self.lying:
            self._flush()
        self.flushes += kind == FLUSH
        client.sendall(struct.pack(">IIQ", 0x67446698, 0, cookie) + data)
        return True

    def _ignore(self, client: socket.socket) -> bool:
        """Read and drop requests until the machine is dead."""
        while client.recv(65536):
            pass
        return False

    def _read(self, first: int, count: int) -> bytes:
        numbers = range(first, first + count)
        return b"".join(self._cache.get(number) or self._sector(number) for number in numbers)

    def _sector(self, number: int) -> bytes:
        return bytes(self._durable[number * SECTOR : (number + 1) * SECTOR])

    def _write(self, first: int, data: bytes) -> None:
        for number in range(len(data) // SECTOR):
            self._cache[first + number] = data[number * SECTOR : (number + 1) * SECTOR]

    def _flush(self) -> None:
        for number, data in self._cache.items():
            self._durable[number * SECTOR : (number + 1) * SECTOR] = data
        self._cache.clear()


def ext4(path: Path, size: int) -> Path:
    """Create a file system with a journal, in a file of `size` bytes."""
    with path.open("wb") as file:
        file.truncate(size)
    subprocess.run([*tool("mke2fs"), "-q", "-F", "-t", "ext4", str(path)], check=True)
    return path


def _take(client: socket.socket, count: int) -> bytes:
    data = client.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        raise EOFError
    return data
