"""How full a file system is: statvfs(3), as `df` has it."""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import NotReady
from drivers.base.linux import LinuxPort

MIB = 1 << 20


class Disk:
    """A file system's free space, and the share in use, including root's reserve."""

    bus: ClassVar[BusKind] = "linux"
    channels: tuple[Channel, ...] = (
        Channel("free", "MiB", 0, 1e9, 1, "data_size"),
        Channel("used", "%", 0, 100, 0.1, "share", needs=("free",)),
    )

    def __init__(self, port: LinuxPort, *, mount: str = "/") -> None:
        """`mount`: any directory of the file system."""
        if not mount.startswith("/"):
            raise ValueError("mount: wanted a path from the root, such as /media/usb")
        self._port = port
        self._mount = mount

    def setup(self) -> Steps[None]:
        """Do nothing: there is nothing to find."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Ask the kernel."""
        total, free = self._port.space(self._mount)
        if not 0 <= free <= total or not total:
            raise NotReady(self._port.where, f"{self._mount} has no size")
        yield from ()
        values = {"free": free / MIB, "used": 100 * (1 - free / total)}
        return checked(self.channels, values, self._port.where)
