"""The memory of a Raspberry Pi Zero 2 W as /proc/meminfo shows it (proc(5))."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.linux import LinuxModel
from simulators.model import Range

TOTAL = 437_900  # kiB: what the firmware leaves of 512 MiB


class Memory(LinuxModel):
    """What is available decides what is used."""

    inputs: ClassVar[Mapping[str, Range]] = {"available": Range(0, TOTAL / 1024, 1 / 1024)}
    quiet: ClassVar[Mapping[str, float]] = {"available": 280.0}

    def truth(self) -> dict[str, float]:
        """Return what is available, and the used share in %."""
        return {**self.values, "used": 100 - 100 * self.values["available"] * 1024 / TOTAL}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the one file."""
        return {"/proc/meminfo": self._text}

    def _text(self) -> str:
        available = round(self.values["available"] * 1024)
        lines = {"MemTotal": TOTAL, "MemFree": available // 2, "MemAvailable": available}
        return "".join(f"{name + ':':<16}{kib:>8} kB\n" for name, kib in lines.items())
