"""Simulated buses plugged into a guest, and our drivers that measure there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

from lab.qemu import Guest
from lab.registry import HOST
from simulators.usb import UsbDevice
from simulators.usbip import Server


class Measured(NamedTuple):
    """What came of one measurement of one device."""

    values: dict[str, float]
    quality: str
    text: str
    seconds: float


@contextmanager
def plugged(guest: Guest, *devices: UsbDevice) -> Iterator[Server]:
    """Offer USB devices from this machine, all of them plugged into a guest."""
    server = Server(devices)
    server.start()
    try:
        attach(guest, server)
        yield server
    finally:
        server.close()


def attach(guest: Guest, server: Server) -> None:
    """Plug in what a server offers."""
    ids = " ".join(export.bus_id for export in server.exports)
    guest.run(f"python3 /opt/agent/attach.py {HOST} {server.address[1]} {ids}")


def write(guest: Guest, path: str, text: str) -> None:
    """Write a file in a guest."""
    guest.run(f"cat > {path} << 'END'\n{text}\nEND")


class Meter:
    """A process in a guest that measures what a configuration names, as often as asked to."""

    _numbers = count()

    def __init__(self, guest: Guest, user: str = "") -> None:
        """`user` is the number of the user that it runs as, in place of root."""
        self._guest = guest
        self._home = f"/tmp/meter{next(self._numbers)}"
        ask, told = f"{self._home}/ask", f"{self._home}/told"
        guest.run(f"mkdir {self._home} && mkfifo {ask} {told}")
        script = f"python3 /opt/agent/measure.py {user}"
        guest.run(f"{script} 0<>{ask} 1<>{told} 2>{self._home}/trouble &")

    def measure(self, devices: str) -> dict[str, Measured]:
        """Return what became of each device of a configuration, by its name."""
        config = f"{self._home}/config.toml"
        write(self._guest, config, f'node = "guest"\n{devices}')
        ask = f"echo {config} > {self._home}/ask; head -n 1 {self._home}/told"
        said = self._guest.run(f"{ask}; cat {self._home}/trouble")
        return {name: Measured(**found) for name, found in json.loads(said).items()}
