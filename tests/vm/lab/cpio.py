"""An initial RAM file system: a cpio archive in the kernel's "newc" format, written without root.

Format: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

MERGED = ("bin", "sbin", "lib", "lib64")  # Debian's merged /usr


class Cpio:
    """Writes entries; folders above an entry are made as needed, and the first of a name wins."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._names: set[str] = set()

    def folder(self, name: str) -> None:
        """Write a folder and those above it."""
        parts = name.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            self._entry("/".join(parts[:depth]), stat.S_IFDIR | 0o755)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Write a regular file."""
        self._inside(name, stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        """Write a symbolic link."""
        self._inside(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name: str, major: int, minor: int) -> None:
        """Write a character device."""
        self._inside(name, stat.S_IFCHR | 0o600, b"", (major, minor))

    def tree(self, host: Path, at: str = "") -> None:
        """Write everything below a folder of this machine."""
        for folder, folders, files in os.walk(host):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            for name in sorted([*files, *links]):
                self._copy(here / name, merged(str(at / (here / name).relative_to(host))))

    def close(self) -> None:
        """Write the end mark."""
        self._entry("TRAILER!!!", 0)

    def _copy(self, host: Path, name: str) -> None:
        if host.is_symlink():
            self.link(name, str(host.readlink()))
        elif host.is_file():
            self.file(name, host.read_bytes(), stat.S_IMODE(host.stat().st_mode))

    def _inside(self, name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        if "/" in name:
            self.folder(name.rsplit("/", 1)[0])
        self._entry(name, mode, data, device)

    def _entry(
        self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)
    ) -> None:
        if name in self._names:
            return
        self._names.add(name)
        encoded = name.encode() + b"\0"
        numbers = (len(self._names), mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % number for number in numbers) + encoded
        self._file.write(header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4))


def merged(name: str) -> str:
    """Return a path as it is on a Debian with a merged /usr."""
    return f"usr/{name}" if name.split("/", 1)[0] in MERGED else name
