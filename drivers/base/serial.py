"""A serial line as drivers see it: bytes written, and those that have arrived meanwhile.

Anything with pyserial's surface is a line: `serial.Serial` or a simulated one. Nothing blocks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from drivers.base.driver import Steps
from drivers.base.errors import BusMissing, NotPermitted, TransferFailed

HEADER = "/dev/serial0"
BAUD = 9600  # all the sensors here
WRITE_SECONDS = 1.0
POLL = 0.05  # the longest answer here, 32 bytes, takes 33 ms on the wire
POLLS = 10


class SerialLine(Protocol):
    """pyserial's surface, as far as drivers use it."""

    @property
    def in_waiting(self) -> int:
        """How many bytes have arrived."""
        ...

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        ...

    def write(self, data: bytes) -> int | None:
        """Send bytes."""
        ...

    def close(self) -> None:
        """Close the device file."""
        ...


class SerialPort:
    """One device at the other end of a line; `where` identifies it in errors."""

    def __init__(self, line: SerialLine, where: str = "serial") -> None:
        self._line = line
        self.where = where

    def write(self, data: bytes) -> None:
        """Send `data`."""
        with self._translated():
            self._line.write(data)

    def read(self) -> bytes:
        """Return what has arrived since the last look, perhaps nothing; never wait."""
        with self._translated():
            return self._line.read(self._line.in_waiting)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # pyserial's own errors are OSErrors
            raise TransferFailed(
                self.where, f"the line broke down: {error}", "was its USB adapter pulled out?"
            ) from error


def answer(port: SerialPort) -> Steps[bytes]:
    """Return what comes within half a second until the line falls silent, perhaps nothing."""
    frame = b""
    for _ in range(POLLS):
        yield POLL
        piece = port.read()
        if frame and not piece:
            break
        frame += piece
    return frame


def open_line(path: str) -> SerialLine:
    """Open a line with 9600 baud, 8N1; raise `BusMissing` or `NotPermitted` with the remedy."""
    try:
        import serial  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BusMissing(
            path, "the package pyserial is not installed", "`pip install 'edge-agent[serial]'`"
        ) from error
    try:
        return cast("SerialLine", serial.Serial(path, BAUD, timeout=0, write_timeout=WRITE_SECONDS))
    except serial.SerialException as error:
        if "Permission denied" in str(error):
            raise NotPermitted(
                path, "permission denied", "`sudo usermod -aG dialout $USER`, then log in again"
            ) from error
        raise BusMissing(
            path,
            f"cannot be opened: {error}",
            "enable the port and free it of the console: `sudo raspi-config nonint"
            " do_serial_hw 0 && sudo raspi-config nonint do_serial_cons 1`, then reboot",
        ) from error


def open_serial(path: str = HEADER) -> SerialPort:
    """Return the port of a serial line: for scripts and the REPL."""
    return SerialPort(open_line(path), path)
