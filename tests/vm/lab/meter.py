"""Simulated buses plugged into a guest, and our drivers measuring in it."""

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
    """The result of one measurement of one device."""

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
    """Plug in all devices that a server offers."""
    ids = " ".join(export.bus_id for export in server.exports)
    guest.run(f"python3 /opt/agent/attach.py {HOST} {server.address[1]} {ids}")


def write(guest: Guest, path: str, text: str) -> None:
    """Write a file in a guest."""
    guest.run(f"cat > {path} << 'END'\n{text}\nEND")


class Meter:
    """A process in a guest that measures the devices of a configuration, at each call."""

    _numbers = count()

    def __init__(self, guest: Guest, user: str = "") -> None:
        """`user` is the number of the user it runs as, instead of root."""
        self._guest = guest
        self._folder = f"/tmp/meter{next(self._numbers)}"
        ask, answers = f"{self._folder}/ask", f"{self._folder}/answers"
        guest.run(f"mkdir {self._folder} && mkfifo {ask} {answers}")
        script = f"python3 /opt/agent/measure.py {user}"
        guest.run(f"{script} 0<>{ask} 1<>{answers} 2>{self._folder}/errors &")

    def measure(self, devices: str) -> dict[str, Measured]:
        """Return the result of each device of a configuration, by name."""
        config = f"{self._folder}/config.toml"
        write(self._guest, config, f'node = "guest"\n{devices}')
        ask = f"echo {config} > {self._folder}/ask; head -n 1 {self._folder}/answers"
        output = self._guest.run(f"{ask}; cat {self._folder}/errors")
        return {name: Measured(**found) for name, found in json.loads(output).items()}
