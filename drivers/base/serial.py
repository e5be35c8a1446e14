"""A serial line as drivers see it: bytes written, and those that have arrived meanwhile.

Anything with pyserial's surface is a line: `serial.Serial` or a simulated one. Nothing blocks.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, cast

from drivers.base.driver import Steps
from drivers.base.errors import BusMissing, DriverError, NotPermitted, TransferFailed

HEADER = "/dev/serial0"
FIXED = ("serial", "ttyAMA", "ttyS")  # as Linux names a Pi's own
WRITE_SECONDS = 1.0
POLL = 0.05  # the longest answer here, 32 bytes, takes 33 ms on the wire
POLLS = 10


class LineSettings(NamedTuple):
    """Bits a second, and how a byte is framed; the sensors here have all the defaults."""

    baud: int = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1


USUAL = LineSettings()


class SerialLine(Protocol):
    """pyserial's surface, as far as drivers use it."""

    baudrate: int

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


class AdapterMissing(BusMissing):
    """No USB adapter is plugged in there; it may be later."""

    hint = "plug the USB adapter in; `ls /dev/serial/by-id/` shows which are there"


class PluggableLine:
    """A line whose USB adapter may be pulled out and plugged in again.

    It is closed meanwhile: the kernel gives the adapter another name while its file is open.
    """

    def __init__(self, path: str, settings: LineSettings = USUAL) -> None:
        """Open it, if its adapter is there; raise `BusMissing` or `NotPermitted`."""
        self._path, self._settings = path, settings
        self._line: SerialLine | None = None
        with suppress(AdapterMissing):
            self._open()

    @property
    def baudrate(self) -> int:
        """Bits a second, also when the adapter comes back."""
        return self._settings.baud

    @baudrate.setter
    def baudrate(self, rate: int) -> None:
        self._settings = self._settings._replace(baud=rate)
        with self._closed_by_errors() as line:
            line.baudrate = rate

    @property
    def in_waiting(self) -> int:
        """How many bytes have arrived."""
        with self._closed_by_errors() as line:
            return line.in_waiting

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        with self._closed_by_errors() as line:
            return line.read(size)

    def write(self, data: bytes) -> int | None:
        """Send bytes."""
        with self._closed_by_errors() as line:
            return line.write(data)

    def close(self) -> None:
        """Close the device file."""
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError):  # its adapter may be away
                line.close()

    def _open(self) -> SerialLine:
        if self._line is None:
            self._line = open_line(self._path, self._settings)
        return self._line

    @contextmanager
    def _closed_by_errors(self) -> Iterator[SerialLine]:
        """Open the line if need be; an error closes it, and the next call opens it again."""
        try:
            yield self._open()
        except OSError:
            self.close()
            raise


class SerialPort:
    """One device at the other end of a line; `where` identifies it in errors."""

    def __init__(self, line: SerialLine, where: str = "serial") -> None:
        self._line = line
        self.where = where

    def set_baud(self, rate: int) -> None:
        """Send and receive with so many bits a second."""
        with self._translated():
            self._line.baudrate = rate

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
        except DriverError:
            raise  # the line names the remedy itself
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


def is_fixed(path: str) -> bool:
    """Return whether a line belongs to the computer, and not to a USB adapter."""
    return Path(path).name.startswith(FIXED)


def open_line(path: str, settings: LineSettings = USUAL) -> SerialLine:
    """Open a line with 8 data bits; raise `BusMissing` or `NotPermitted` with the remedy."""
    try:
        import serial  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BusMissing(
            path, "the package pyserial is not installed", "`pip install 'edge-agent[serial]'`"
        ) from error
    try:
        opened = serial.Serial(
            path,
            settings.baud,
            parity=settings.parity[0].upper(),
            stopbits=settings.stop_bits,
            timeout=0,
            write_timeout=WRITE_SECONDS,
        )
    except serial.SerialException as error:
        raise _refused(path, str(error)) from error
    return cast("SerialLine", opened)


def _refused(path: str, why: str) -> DriverError:
    """Return the error, with its remedy, of a line that pyserial does not open."""
    if "Permission denied" in why:
        remedy = "`sudo usermod -aG dialout $USER`, then log in again"
        return NotPermitted(path, "permission denied", remedy)
    if not is_fixed(path) and not Path(path).exists():
        return AdapterMissing(path, "there is no such line")
    return BusMissing(
        path,
        f"cannot be opened: {why}",
        "enable the port and free it of the console: `sudo raspi-config nonint"
        " do_serial_hw 0 && sudo raspi-config nonint do_serial_cons 1`, then reboot",
    )


def open_serial(path: str = HEADER) -> SerialPort:
    """Return the port of a serial line: for scripts and the REPL."""
    return SerialPort(open_line(path), path)
