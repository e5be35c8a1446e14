"""A file system with a given size."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Range

MIB = 1 << 20
TOTAL = 29_000 * MIB  # a 32 GB card


class Disk(LinuxModel):
    """What is free decides what is used."""

    inputs: ClassVar[Mapping[str, Range]] = {"free": Range(0, TOTAL / MIB, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"free": 21_000.0}

    def __init__(self, clock: SimulatedClock, number: int = 0, *, mount: str = "/") -> None:
        super().__init__(clock, number)
        self._mount = mount

    def truth(self) -> dict[str, float]:
        """Return what is free, and the used share in %."""
        return {**self.values, "used": 100 - 100 * self.values["free"] * MIB / TOTAL}

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return none: statvfs(3) asks no file."""
        return {}

    def spaces(self) -> Mapping[str, tuple[int, int]]:
        """Return size and free bytes."""
        return {self._mount: (TOTAL, round(self.values["free"] * MIB))}
