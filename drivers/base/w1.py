"""1-Wire thermometers that the kernel's w1_therm drives: they convert all at once, if it can.

Documentation/w1/slaves/w1_therm.rst: `trigger`, written to the master's `therm_bulk_read`, converts
on every thermometer and waits; each one's next read gives that value, even much later.
"""

import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drivers.base.errors import TransferFailed
from drivers.base.sysfs import W1_DEVICES, Directory, File, SysfsPort

BULK = "therm_bulk_read"
FRESH = 1.0  # seconds: so long after it, a conversion is still "now"


class WritableFile(File, Protocol):
    """`pathlib.Path`'s surface, as far as a command needs it."""

    def write_text(self, data: str, encoding: str | None = None) -> int:
        """Write the text; raise OSError with the kernel's errno."""
        ...


class Master(Protocol):
    """One 1-Wire bus."""

    def convert(self, device: str) -> bool:
        """Make sure that a fresh value waits for this device; return whether one does."""
        ...

    def pending(self) -> bool:
        """Return whether any device has a value that has not been read."""
        ...


class W1Master:
    """One 1-Wire bus, and the devices that have read their value of its last conversion."""

    def __init__(self, bulk: WritableFile, monotonic: Callable[[], float]) -> None:
        """`bulk` is its `therm_bulk_read`, absent in kernels before 5.9."""
        self._bulk = bulk
        self._monotonic = monotonic
        self._at = float("-inf")
        self._taken: set[str] = set()

    def convert(self, device: str) -> bool:
        """Make sure that a fresh value waits for this device; return whether one does.

        Raise `TransferFailed` if a conversion was begun and broke down: an old value may wait.
        """
        if self._monotonic() - self._at > FRESH or device in self._taken:
            self._at = float("-inf")
            if not self._trigger():
                return False
            self._at, self._taken = self._monotonic(), set()
        self._taken.add(device)
        return True

    def pending(self) -> bool:
        """Return whether any device has a value that has not been read."""
        try:
            return self._bulk.read_text(encoding="ascii").strip() != "0"
        except OSError:
            return False

    def _trigger(self) -> bool:
        try:
            self._bulk.write_text("trigger\n", encoding="ascii")
        except (FileNotFoundError, PermissionError):  # only root may, without a rule of udev
            return False
        except OSError as error:
            if error.errno == errno.EROFS:  # systemd shows the service a /sys that is read only
                return False
            what = f"no conversion: {error.strerror} (errno {error.errno})"
            raise TransferFailed(str(self._bulk), what) from error
        return True


class W1Port(SysfsPort):
    """The attributes of one thermometer, and the bus that it shares."""

    def __init__(self, directory: Directory, master: Master) -> None:
        super().__init__(directory)
        self._master = master

    def frame(self) -> str:
        """Return the text of `w1_slave` after a conversion of this moment."""
        if not self._master.convert(self.where) and self._master.pending():
            self.read("w1_slave")  # what it converted for another program, at an unknown time
        return self.read("w1_slave")


def bulk_read(device: Path) -> Path:
    """Return the file that converts on all devices of a bus, given the directory of one."""
    return device.resolve().parent / BULK  # a device's directory lies in its master's


def open_w1(id: str, devices: Path = W1_DEVICES) -> W1Port:  # noqa: A002 - the kernel's word
    """Return the port of one thermometer, such as "28-0316a4c8ffee": for scripts and the REPL."""
    device = devices / id
    return W1Port(device, W1Master(bulk_read(device), time.monotonic))
