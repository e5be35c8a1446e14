"""What the kernel itself measures or drives, read from its files: IIO, hwmon, /proc.

Anything with `Kernel`'s interface will do: the machine's own files or simulated ones.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from drivers.base.errors import BusMissing, NotPermitted, NotReady, TransferFailed

LATER = {errno.EAGAIN, errno.EBUSY, errno.ENODATA, errno.ETIMEDOUT}  # dht11 and friends


class Kernel(Protocol):
    """Files by absolute path; each call raises OSError with the kernel's errno."""

    def read(self, path: str) -> str:
        """Return a file's text."""
        ...

    def names(self, path: str) -> list[str]:
        """Return what is in a directory, sorted."""
        ...

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of the file system that holds a path."""
        ...


class RealKernel:
    """The machine's own files."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def read(self, path: str) -> str:
        """Return a file's text."""
        return self._at(path).read_text(encoding="ascii", errors="replace")

    def names(self, path: str) -> list[str]:
        """Return what is in a directory, sorted."""
        return sorted(each.name for each in self._at(path).iterdir())

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of the file system that holds a path."""
        found = os.statvfs(self._at(path))
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")


class LinuxPort:
    """The kernel's files, whose errors name the remedy; `where` is the device's name."""

    def __init__(self, kernel: Kernel, where: str = "linux") -> None:
        self._kernel = kernel
        self.where = where

    def read(self, path: str) -> str:
        """Return a file's text without blanks around it; a driver may convert meanwhile."""
        with self._translated(path):
            return self._kernel.read(path).strip()

    def names(self, path: str) -> list[str]:
        """Return what is in a directory, sorted; nothing if there is none."""
        try:
            with self._translated(path):
                return self._kernel.names(path)
        except BusMissing:
            return []

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of the file system that holds a path."""
        with self._translated(path):
            return self._kernel.space(path)

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        where = f"{self.where}:{path}"
        try:
            yield
        except FileNotFoundError as error:
            raise BusMissing(
                where, "no such file", "does this kernel have the driver, and is it loaded?"
            ) from error
        except PermissionError as error:
            raise NotPermitted(where, "permission denied", "run as a user who may") from error
        except OSError as error:
            kind = NotReady if error.errno in LATER else TransferFailed
            what = f"{error.strerror} (errno {error.errno})"
            raise kind(where, what, "`sudo dmesg` may say why") from error


def find(port: LinuxPort, devices: str, device: str) -> str:
    """Return the directory of a device by its name; raise `BusMissing` for none or several."""
    found = [
        directory
        for directory in port.names(devices)
        if device == directory or device == port.read(f"{devices}/{directory}/name")
    ]
    if len(found) == 1:
        return f"{devices}/{found[0]}"
    if found:
        raise BusMissing(
            port.where, f"two are named {device!r}", f"say which: {' or '.join(found)}"
        )
    raise BusMissing(
        port.where, f"no {device!r} in {devices}", f"`cat {devices}/*/name` shows what there is"
    )


def number(text: str, where: str) -> float:
    """Return the number in a file of the kernel; raise `TransferFailed` for anything else."""
    try:
        return float(text)
    except ValueError as error:
        raise TransferFailed(
            where, f"says {text[:40]!r}, which is not a number", "report it to the driver's author"
        ) from error


def open_linux() -> LinuxPort:
    """Return the port of the machine's own files: for scripts and the REPL."""
    return LinuxPort(RealKernel())
