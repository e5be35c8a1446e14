"""When a device is due: once an interval of the wall clock, quick retries, increasing delays.

Pure functions. Due times are monotonic, so a wall clock that jumps neither delays nor hurries
a measurement: it only moves the beginning of the next interval.
"""

import zlib
from typing import NamedTuple

RETRIES = 2  # quick ones, for a disturbance on the wire
RETRY_PAUSE = 0.010  # seconds
FIRST_BACKOFF = 1.0
LONGEST_PHASE = 60_000_000  # µs
IN_STEP = 4  # buses that begin in the same moment
APART = 4_000  # µs: what these take
GROUPS = 16  # of buses, before they begin in the same moment again: they stay within one commit
LONGEST_BACKOFF = 60.0  # a sensor plugged in is seen within a minute, however rarely it is due


class Retry(NamedTuple):
    """What follows a failed attempt: a `pause` in seconds, then perhaps `setup` first.

    `given_up` means that this due time has no value: the failure is the reading.
    """

    pause: float
    setup: bool
    given_up: bool


def phase_of(node: str) -> int:
    """Return by how many µs a node's intervals begin later than those of the wall clock.

    It follows from the name alone and is less than a minute: nodes that all measured on the whole
    second would all publish in the same moment. The buses of a node begin only a little apart, so
    that devices with the same interval are measured together and commit together.
    """
    return zlib.crc32(node.encode()) * LONGEST_PHASE >> 32


def phase_of_bus(node: int, n: int) -> int:
    """Return by how many µs the intervals of a node's bus begin later, `n` buses behind the first.

    `node` is the node's own phase. Only one thread runs Python at a time: if many buses began in
    the same moment, each thread that waits for its turn would wake 2,000 times a second meanwhile.
    """
    return node + n // IN_STEP % GROUPS * APART


def next_slot(wall: int, monotonic: float, every: float, last: float, phase: int = 0) -> float:
    """Return the monotonic time at which the next interval begins, `phase` µs after a whole one.

    `wall` is µs since 1970 at `monotonic`; intervals before now are skipped, not made up. A slot
    less than half an interval after the `last` one is that one again, seen by a clock that moved.
    """
    interval = round(every * 1e6)
    slot = monotonic + (interval - (wall - phase) % interval) / 1e6
    return slot if slot - last >= every / 2 else slot + every


def after_failure(failures: int) -> Retry:
    """Return what to do after so many failures in a row: retry, set up, then back off."""
    if failures <= RETRIES:
        return Retry(RETRY_PAUSE, setup=False, given_up=False)
    if failures == RETRIES + 1:
        return Retry(RETRY_PAUSE, setup=True, given_up=False)
    doublings = min(failures - RETRIES - 2, 10)
    pause = min(FIRST_BACKOFF * 2**doublings, LONGEST_BACKOFF)
    return Retry(pause, setup=True, given_up=True)
