"""The virtual USB host controller of this machine, the kernel's vhci-hcd: plug a device in.

Documentation/ABI/testing/sysfs-platform-vhci_hcd of kernels from 4.13 on.
"""

import socket
from pathlib import Path

from simulators.usbip import (
    BUS_ID,
    DESCRIPTION,
    FULL_SPEED,
    IMPORT,
    OK,
    OPERATION,
    VERSION,
    receive,
)

FREE = 4  # VDEV_ST_NULL
HIGH_SPEED_HUB = "hs"  # for full speed too; "ss" is USB 3


class NoPort(Exception):
    """Every port of the controller has a device."""


class ImportRefused(Exception):
    """The server does not give the device away."""


class Vhci:
    """The controller, by its files below `sys`."""

    def __init__(self, sys: Path = Path("/sys")) -> None:
        self._hub = sys / "devices/platform/vhci_hcd.0"
        self._devices = sys / "bus/usb/devices"

    def attach(self, address: tuple[str, int], bus_id: str) -> int:
        """Plug in a device that a server offers; return its port.

        Raises `NoPort`, `ImportRefused`, or OSError: ENOENT without vhci-hcd, EACCES unless root.
        """
        port = self._free_port()
        with socket.create_connection(address) as line:
            device = request_import(line, bus_id)
            plug = f"{port} {line.fileno()} {device} {FULL_SPEED}"
            (self._hub / "attach").write_text(plug)
        return port  # the kernel has the connection now: closing our end of it changes nothing

    def detach(self, port: int) -> None:
        """Pull the device at a port."""
        (self._hub / "detach").write_text(str(port))

    def i2c(self, port: int) -> int | None:
        """Return the number of the I2C bus that the adapter at a port became; None before that."""
        for path in (self._devices / self._bus_id(port)).glob("*:*/i2c-*"):
            return int(path.name.removeprefix("i2c-"))
        return None

    def _free_port(self) -> int:
        for hub, port, status, *_ in self._ports():
            if hub == HIGH_SPEED_HUB and int(status) == FREE:
                return int(port)
        raise NoPort

    def _bus_id(self, port: int) -> str:
        return next(row[-1] for row in self._ports() if int(row[1]) == port)

    def _ports(self) -> list[list[str]]:
        """Return hub, port, status, speed, device, socket and bus id of each port."""
        return [line.split() for line in (self._hub / "status").read_text().splitlines()[1:]]


def request_import(line: socket.socket, bus_id: str) -> int:
    """Import a device from a server; return its number there. Raise `ImportRefused`."""
    line.sendall(OPERATION.pack(VERSION, IMPORT, 0) + BUS_ID.pack(bus_id.encode()))
    *_, status = OPERATION.unpack(receive(line, OPERATION.size))
    if status != OK:
        raise ImportRefused(f"{bus_id}: status {status}")
    _, _, bus, device, *_ = DESCRIPTION.unpack(receive(line, DESCRIPTION.size))
    return int(bus << 16 | device)
