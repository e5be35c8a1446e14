"""The machine's memory: /proc/meminfo, Documentation/filesystems/proc.rst."""

import re
from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import TransferFailed
from drivers.base.linux import LinuxPort

FILE = "/proc/meminfo"
OLD = "kernels before 3.14 do not know it"


class Memory:
    """The machine's memory: what is available to programs without swapping."""

    bus: ClassVar[BusKind] = "linux"
    channels: tuple[Channel, ...] = (
        Channel("available", "MiB", 0, 1e7, 0.01, "data_size"),
        Channel("used", "%", 0, 100, 0.01, "share", needs=("available",)),
    )

    def __init__(self, port: LinuxPort) -> None:
        self._port = port

    def setup(self) -> Steps[None]:
        """Do nothing: every kernel has the file."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read MemTotal and MemAvailable, which are in kiB."""
        text = self._port.read(FILE)
        yield from ()
        total, available = (self._kib(text, name) for name in ("MemTotal", "MemAvailable"))
        values = {"available": available / 1024, "used": 100 * (1 - available / total)}
        return checked(self.channels, values, self._port.where)

    def _kib(self, text: str, name: str) -> int:
        match = re.search(rf"^{name}: +(\d+) kB$", text, re.MULTILINE)
        if match is None:
            raise TransferFailed(f"{self._port.where}:{FILE}", f"says no {name}", OLD)
        return int(match[1])
