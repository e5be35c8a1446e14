"""What an input costs: CPU seconds, and the most memory that it takes while it runs."""

import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

SECONDS, BYTES = 1.0, 2**20  # the most that an input may cost


class Cost(NamedTuple):
    """The cost of one input."""

    seconds: float
    bytes: int

    def __or__(self, other: "Cost") -> "Cost":
        """Return the larger of each."""
        return Cost(max(self.seconds, other.seconds), max(self.bytes, other.bytes))


NOTHING = Cost(0, 0)


class TooExpensive(Exception):
    """An input costs more than any may."""


def measured(target: Callable[[bytes], None], data: bytes) -> Cost:
    """Run the target; return the cost, or raise what the target raises.

    What costs much has a second chance: the interpreter's own tables grow now and then.
    """
    first = _once(target, data)
    if first.seconds < SECONDS / 4 and first.bytes < BYTES / 4:
        return first
    second = _once(target, data)
    return Cost(min(first.seconds, second.seconds), min(first.bytes, second.bytes))


def checked(target: Callable[[bytes], None], data: bytes) -> Cost:
    """Return the cost; raise TooExpensive if it is too high."""
    cost = measured(target, data)
    if cost.seconds > SECONDS or cost.bytes > BYTES:
        raise TooExpensive(f"{cost.seconds:.1f} s, {cost.bytes / 2**20:.1f} MiB")
    return cost


def timed(target: Callable[[bytes], None], data: bytes) -> Cost:
    """Return the CPU seconds of the target; raise TooExpensive, or what the target raises."""
    seconds = _seconds(target, data)
    if seconds > SECONDS / 4:
        return checked(target, data)
    return Cost(seconds, 0)


def _seconds(target: Callable[[bytes], None], data: bytes) -> float:
    begin = time.thread_time()  # not of the wall: other processes are none of ours
    target(data)
    return time.thread_time() - begin


def _once(target: Callable[[bytes], None], data: bytes) -> Cost:
    tracemalloc.start()
    try:
        seconds = _seconds(target, data)
        return Cost(seconds, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
