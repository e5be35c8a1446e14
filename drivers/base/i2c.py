"""The I2C bus as drivers see it: an address, and transfers of one transaction each.

A BCM2835 cannot do more than write, read, or write-then-read in one transaction, so there is
nothing else here. Anything with smbus2's `i2c_rdwr` is a bus: `smbus2.SMBus` or a simulated one.
"""

import errno
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

from smbus2 import SMBus, i2c_msg

from drivers.base.checksum import READS
from drivers.base.errors import (
    BadChecksum,
    BusMissing,
    BusStuck,
    DriverError,
    NoAcknowledge,
    NotPermitted,
    TransferFailed,
)

# Documentation/i2c/fault-codes.rst; ENXIO is what i2c-gpio and i2c-tiny-usb say for a NACK.
ERRORS: dict[int | None, tuple[type[DriverError], str]] = {
    errno.EREMOTEIO: (NoAcknowledge, "no answer"),
    errno.ENXIO: (NoAcknowledge, "no answer"),
    errno.ENODEV: (NoAcknowledge, "no answer"),
    errno.ETIMEDOUT: (BusStuck, "the bus does not move"),
    errno.EIO: (TransferFailed, "transfer broken off"),
    errno.EAGAIN: (TransferFailed, "arbitration lost"),
    errno.EOPNOTSUPP: (TransferFailed, "the adapter cannot do this transfer"),
}


BUDGET = 1.0  # seconds; the longest stretch of a datasheet here is 0.15 s
HOLDS = "it stretches the clock: check its supply and pull-ups, or give it a bus of its own"

Value = TypeVar("Value")


class I2CBus(Protocol):
    """smbus2's surface, as far as drivers use it."""

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Run the messages as one transaction; raise OSError with the adapter's errno."""
        ...


class I2CPort:
    """A bus bound to one address; `name` identifies the device in errors."""

    def __init__(
        self,
        bus: I2CBus,
        address: int,
        name: str = "i2c",
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._now = now
        self._held, self._ended = 0.0, now()
        self.address = address
        self.where = f"{name}:0x{address:02x}"

    def write(self, data: bytes) -> None:
        """Write `data` in one transaction."""
        self._transfer(_written(self.address, bytes(data)))

    def read(self, count: int) -> bytes:
        """Read `count` bytes in one transaction."""
        message = i2c_msg.read(self.address, count)
        self._transfer(message)
        return bytes(message)

    def write_read(self, data: bytes, count: int) -> bytes:
        """Write `data`, then read `count` bytes after a repeated start."""
        message = i2c_msg.read(self.address, count)
        self._transfer(_written(self.address, bytes(data)), message)
        return bytes(message)

    def read_steady(self, count: int, command: bytes = b"") -> bytes:
        """Read what stands still, after `command` if there is one.

        For chips without a checksum; raise `BadChecksum` unless all of three reads agree.
        """
        return self._agreed(
            self.write_read(command, count) if command else self.read(count) for _ in range(READS)
        )

    def read_in_turn(self, *reads: tuple[bytes, int]) -> tuple[bytes, ...]:
        """Read several that stand still, each by its command, as often as `read_steady`, in turn.

        A line that is dead for some frames spoils them all: one whose bytes are known shows it.
        """
        rounds = [[self.write_read(*each) for each in reads] for _ in range(READS)]
        return tuple(self._agreed(each) for each in zip(*rounds, strict=True))

    def _agreed(self, reads: Iterable[bytes]) -> bytes:
        first, *others = reads
        if any(each != first for each in others):
            frames = ", ".join(frame.hex(" ") for frame in (first, *others))
            raise BadChecksum(self.where, f"reads of one result differ: {frames}")
        return first

    def _transfer(self, *messages: i2c_msg) -> None:
        """Carry out one transaction; raise what its failure means for the device."""
        began = self._now()
        try:
            self._bus.i2c_rdwr(*messages)
        except DriverError:
            raise  # the bus names the remedy itself
        except OSError as error:
            kind, what = ERRORS.get(error.errno, (TransferFailed, error.strerror or "failed"))
            raise kind(self.where, f"{what} (errno {error.errno})") from error
        finally:
            held, self._held = self._held, 0.0
        self._account(held, began)

    def _account(self, held: float, began: float) -> None:
        """Raise `BusStuck` if transfers without a pause took longer than others can wait.

        `held` is how long those took so far; the time between two transfers is taken off.
        """
        pause, self._ended = began - self._ended, self._now()
        self._held = max(held - pause, 0.0) + self._ended - began
        if self._held > BUDGET:
            took, self._held = self._held, 0.0
            raise BusStuck(self.where, f"the chip held the bus for {took:.1f} s", HOLDS)


@lru_cache(256)
def _written(address: int, data: bytes) -> i2c_msg:
    """Return a message that writes; chips get the same commands again and again."""
    return i2c_msg.write(address, data)


def settled(read: Callable[[], Value], where: str, hint: str = "") -> Value:
    """Return what READS reads in a row agree on: the chip may renew it in between.

    Raise `BadChecksum`, with the hint, if twice as many reads are not enough.
    """
    row = [read()]
    for _ in range(2 * READS - 1):
        value = read()
        row = [*row, value] if value == row[-1] else [value]
        if len(row) == READS:
            return value
    raise BadChecksum(where, f"no {READS} of {2 * READS} reads in a row agree", hint)


def open_bus(number: int) -> SMBus:
    """Open /dev/i2c-`number`; raise `BusMissing` or `NotPermitted` with the remedy."""
    where = f"/dev/i2c-{number}"
    try:
        return SMBus(number)
    except FileNotFoundError as error:
        raise BusMissing(
            where,
            "there is no such bus",
            "enable it: `sudo raspi-config nonint do_i2c 0`, then reboot;"
            " `ls /dev/i2c-*` shows which exist",
        ) from error
    except PermissionError as error:
        raise NotPermitted(
            where,
            "permission denied",
            "`sudo usermod -aG i2c $USER`, then log in again",
        ) from error


class PluggableBus:
    """/dev/i2c-N, whose adapter may be pulled and plugged in again.

    It is closed meanwhile: the kernel takes no adapter back while its file is open.
    """

    def __init__(self, number: int, devices: Path = Path("/dev")) -> None:
        """Open it; raise `BusMissing` or `NotPermitted`."""
        self._number = number
        self._file = devices / f"i2c-{number}"
        self._bus: SMBus | None = open_bus(number)

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Run the messages; raise OSError, or `BusMissing` while the adapter is away."""
        if self._bus is None:
            self._bus = open_bus(self._number)
        try:
            self._bus.i2c_rdwr(*i2c_msgs)
        except OSError:
            if not self._file.exists():
                self.close()
            raise

    def close(self) -> None:
        """Close the bus."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()


def open_i2c(bus: int, address: int) -> I2CPort:
    """Open a bus and bind one address to it: for scripts and the REPL."""
    return I2CPort(open_bus(bus), address, f"i2c-{bus}")
