"""The CPU time that simulated chips take: part of the agent's process here, absent on a real Pi.

Each bus adds up its own in memory that another process can read: that costs the agent nothing.
"""

import mmap
import os
import time
from array import array
from contextlib import suppress
from pathlib import Path

from smbus2 import i2c_msg

from simulators.bus import SimulatedBus

NAME = "chips"
BUSES = 512  # at most


class MeteredBus:
    """A simulated bus that adds the ns of CPU of each transfer to place `n` of `spent`."""

    def __init__(self, bus: SimulatedBus, spent: memoryview, n: int) -> None:
        self._bus = bus
        self._spent = spent
        self._n = n

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        """Run one transaction."""
        began = time.thread_time_ns()
        try:
            self._bus.i2c_rdwr(*messages)
        finally:
            self._spent[self._n] += time.thread_time_ns() - began


def meter() -> memoryview:
    """Return a number for each bus; `chip_seconds` finds them among the process's open files."""
    size = 8 * BUSES
    file = os.memfd_create(NAME)
    os.truncate(file, size)
    return memoryview(mmap.mmap(file, size)).cast("q")


def chip_seconds(pid: int) -> float:
    """Return the CPU time that the chips of an agent's process have taken so far."""
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it is closed by now
            if str(file.readlink()).startswith(f"/memfd:{NAME}"):
                return sum(array("q", file.read_bytes())) / 1e9
    raise LookupError(f"process {pid} has no simulated chips")
