"""The pins of QEMU's virt board, driven and watched from outside through its qtest socket.

Protocol: QEMU's docs/devel/testing/qtest.rst. Registers: ARM DDI 0190, the PL061; its base address
is virt's.
"""

import socket
from pathlib import Path
from typing import Any, Self

from lab.qemu import Guest

BASE = 0x0903_0000
ALL_PINS = 0xFF << 2  # of the data register: the address says which bits are meant
DIRECTION = 0x400


def arguments(folder: Path) -> tuple[str, ...]:
    """Return QEMU's arguments for a socket in a folder."""
    return ("-qtest", f"unix:{folder}/qtest,server=on,wait=off", "-qtest-log", "none")


class Pins:
    """The eight lines of the board's PL061."""

    def __init__(self, guest: Guest, folder: Path) -> None:
        devices = guest.qmp("qom-list", path="/machine/unattached")
        name = next(each["name"] for each in devices if each["type"] == "child<pl061>")
        self._chip = f"/machine/unattached/{name}"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(f"{folder}/qtest")
        self._file: Any = self._socket.makefile("rw")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def drive(self, pin: int, level: int) -> None:
        """Put a level on an input."""
        self._ask(f"set_irq_in {self._chip} unnamed-gpio-in {pin} {level}")

    def level(self, pin: int) -> int:
        """Return the level of a pin, as the chip reports it."""
        return self._register(ALL_PINS) >> pin & 1

    def is_output(self, pin: int) -> bool:
        """Return whether the guest drives a pin."""
        return bool(self._register(DIRECTION) >> pin & 1)

    def _register(self, offset: int) -> int:
        return int(self._ask(f"readl 0x{BASE + offset:x}").split()[1], 16)

    def _ask(self, command: str) -> str:
        self._file.write(f"{command}\n")
        self._file.flush()
        answer = str(self._file.readline()).strip()
        if not answer.startswith("OK"):
            raise RuntimeError(f"{command}: {answer}")
        return answer
