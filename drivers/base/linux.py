"""What the kernel itself measures or drives, read from its files (IIO, hwmon, /proc), and programs.

Anything with `Kernel`'s interface will do: the machine's own files or simulated ones.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from drivers.base.errors import BusMissing, NotPermitted, NotReady, TransferFailed, WrongChip
from drivers.base.program import Program

LATER = {errno.EAGAIN, errno.EBUSY, errno.ENODATA, errno.ETIMEDOUT}  # dht11 and friends

CLASSES = {"hwmon"}  # directories between a device and its entry


class Kernel(Protocol):
    """Files by absolute path; each call raises OSError with the kernel's errno."""

    def read(self, path: str) -> str:
        """Return a file's text."""
        ...

    def names(self, path: str) -> list[str]:
        """Return what is in a directory, sorted."""
        ...

    def resolve(self, path: str) -> str:
        """Return the absolute path that a path leads to, without symbolic links."""
        ...

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of the file system that holds a path."""
        ...

    def start(self, arguments: Sequence[str]) -> Program:
        """Start a program, without a shell."""
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

    def resolve(self, path: str) -> str:
        """Return the absolute path that a path leads to, without symbolic links."""
        return f"/{self._at(path).resolve().relative_to(self._root.resolve())}"

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of the file system that holds a path."""
        found = os.statvfs(self._at(path))
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize

    def start(self, arguments: Sequence[str]) -> Program:
        """Start a program, without a shell."""
        from drivers.base.child_process import ChildProcess  # noqa: PLC0415 - most agents run none

        return ChildProcess(arguments)

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

    def place(self, path: str) -> str:
        """Return what holds a device, such as `1-0048` on I2C; nothing if the kernel does not say.

        It does not move, as numbers do: it is a bus address, or a node of the device tree.
        """
        with self._translated(path):
            real = self._kernel.resolve(path)
        holders = [each for each in PurePosixPath(real).parts[:-1] if each not in CLASSES]
        return holders[-1] if real != path else ""

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of the file system that holds a path."""
        with self._translated(path):
            return self._kernel.space(path)

    def start(self, arguments: Sequence[str]) -> Program:
        """Start a program, without a shell; raise a `DriverError` if it cannot be."""
        where = f"{self.where}:{arguments[0]}"
        try:
            return self._kernel.start(arguments)
        except FileNotFoundError as error:
            hint = "correct the path, or that of its interpreter in its first line"
            raise BusMissing(where, "no such program", hint) from error
        except PermissionError as error:
            hint = "let the agent's user execute it: `chmod +x`; homes are hidden from the service"
            raise NotPermitted(where, "permission denied", hint) from error
        except OSError as error:
            hint = "a script says in its first line what runs it, such as #!/bin/sh"
            what = f"cannot be started: {error.strerror} (errno {error.errno})"
            raise TransferFailed(where, what, hint) from error

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


class Entry(NamedTuple):
    """A device of the kernel: its directory, whose number moves, its name, and its place."""

    directory: str
    name: str
    place: str

    @property
    def full_name(self) -> str:
        """What distinguishes it from others of its name: `lm75@1-0048`."""
        return f"{self.name}@{self.place}" if self.place else self.directory.rpartition("/")[2]

    def is_called(self, device: str) -> bool:
        """Return whether this is its name, its place, or both; or its directory if it has none."""
        return device in {self.name, self.place, self.full_name} and bool(device)


def entry(port: LinuxPort, directory: str) -> Entry:
    """Return what is in a directory; some of the kernel's devices have no name."""
    try:
        name = port.read(f"{directory}/name")
    except BusMissing:
        name = ""
    return Entry(directory, name, port.place(directory))


def entries(port: LinuxPort, devices: str) -> list[Entry]:
    """Return the devices in a class's directory."""
    return [entry(port, f"{devices}/{each}") for each in port.names(devices)]


def find(port: LinuxPort, devices: str, device: str) -> Entry:
    """Return the device that is called so; raise `BusMissing` for none or several."""
    found = entries(port, devices)
    called = [each for each in found if each.is_called(device)]
    if len(called) == 1:
        return called[0]
    if called:
        names = " or ".join(each.full_name for each in called)
        raise BusMissing(port.where, f"two are named {device!r}", f"say which: {names}")
    there = ", ".join(each.full_name for each in found) or "none"
    raise BusMissing(port.where, f"no {device!r} in {devices}", f"there are: {there}")


def read_by(port: LinuxPort, devices: str, kernel_name: str, *, device: str, overlay: str) -> Entry:
    """Return the device that is called so, or without a name the one of a kernel's driver.

    Raises `BusMissing` for none or several. `overlay` is the line that loads the driver.
    """
    if device:
        return find(port, devices, device)
    called = [each for each in entries(port, devices) if each.name.partition("@")[0] == kernel_name]
    if len(called) == 1:
        return called[0]
    if called:
        names = " or ".join(each.full_name for each in called)
        raise BusMissing(port.where, f"there are {len(called)}", f"say which: {names}")
    remedy = f"write `{overlay}` with your pins under [all] in config.txt, then reboot"
    raise BusMissing(port.where, f"the kernel has no {kernel_name}", remedy)


def verify(port: LinuxPort, found: Entry) -> None:
    """Raise `WrongChip` if a directory has become another device's since it was found."""
    now = entry(port, found.directory)
    if now != found:
        raise WrongChip(
            port.where,
            f"{found.directory} has become {now.full_name}",
            "the kernel has numbered its devices again",
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
