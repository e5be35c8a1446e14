"""Devices that the kernel drives and shows as text files: 1-Wire, IIO, hwmon."""

from pathlib import Path
from typing import Protocol

from drivers.base.errors import BusMissing, NotPermitted, TransferFailed

W1_DEVICES = Path("/sys/bus/w1/devices")
W1_THERMOMETERS = ("10", "22", "28", "3b", "42")  # the families of the kernel's w1_therm
ABSENT = "check wiring and power; 1-Wire needs `dtoverlay=w1-gpio` in /boot/firmware/config.txt"


class Attributes(Protocol):
    """A directory of attribute files; `where` names it in errors."""

    where: str

    def read(self, name: str) -> str:
        """Return the file's text; raise a `DriverError` if it cannot be read."""
        ...


class File(Protocol):
    """`pathlib.Path`'s surface, as far as an attribute needs it."""

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """Return the text; raise OSError with the kernel's errno."""
        ...


class Directory(Protocol):
    """A `pathlib.Path` below /sys, or a simulated one."""

    def __truediv__(self, name: str, /) -> File: ...


class SysfsPort:
    """The attributes of one device: a directory whose errors name the remedy."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.where = str(directory)

    def read(self, name: str) -> str:
        """Return the text of one attribute; the kernel may convert first and block meanwhile."""
        where = f"{self.where}/{name}"
        try:
            return (self._directory / name).read_text(encoding="ascii", errors="replace")
        except FileNotFoundError as error:
            raise BusMissing(where, "no such device", ABSENT) from error
        except PermissionError as error:
            raise NotPermitted(where, "permission denied") from error
        except OSError as error:
            raise TransferFailed(where, f"{error.strerror} (errno {error.errno})") from error


def w1_ids(devices: Path = W1_DEVICES) -> tuple[str, ...]:
    """List the thermometers that the kernel has found; raise `BusMissing` if 1-Wire is off."""
    if not devices.is_dir():
        raise BusMissing(str(devices), "this machine has no 1-Wire bus", ABSENT)
    found = (path.name for family in W1_THERMOMETERS for path in devices.glob(f"{family}-*"))
    return tuple(sorted(found))
