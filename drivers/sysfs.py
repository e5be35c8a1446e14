"""Devices that the kernel drives and shows as text files: 1-Wire, IIO, hwmon."""

from pathlib import Path
from typing import Protocol

from drivers.errors import BusMissing, NotPermitted, TransferFailed


class Attributes(Protocol):
    """A directory of attribute files; `where` names it in errors."""

    where: str

    def read(self, name: str) -> str:
        """Return the file's text; raise a `DriverError` where it cannot be read."""
        ...


class SysfsPort:
    """A real directory below /sys."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.where = str(directory)

    def read(self, name: str) -> str:
        """Return the text of one attribute; the kernel may convert first and block meanwhile."""
        path = self._directory / name
        try:
            return path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError as error:
            raise BusMissing(str(path), "no such device") from error
        except PermissionError as error:
            raise NotPermitted(str(path), "permission denied") from error
        except OSError as error:
            raise TransferFailed(str(path), f"{error.strerror} (errno {error.errno})") from error
