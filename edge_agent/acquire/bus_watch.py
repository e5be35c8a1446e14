"""A bus that hangs as a whole: all its devices say so, and one at a time tries whether it moves.

Each attempt on such a bus lasts until the adapter's time-out, and stops the thread for as long. A
single device that holds the bus is not taken for it: another one is tried first.
"""

import logging
import math
from collections.abc import Sequence
from operator import attrgetter

from drivers.base.errors import BusStuck
from edge_agent.acquire.cycle import Cycle, Outcome
from edge_agent.clock import Clock

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0  # seconds between two attempts on a stuck bus

_logger = logging.getLogger(__name__)


class BusWatch:
    """Watches how the attempts of all devices of a bus end."""

    def __init__(self, bus: str, cycles: Sequence[Cycle], clock: Clock) -> None:
        self._bus = bus
        self._cycles = cycles
        self._clock = clock
        self._suspect: Cycle | None = None  # the device whose attempt ended in a time-out
        self._since = math.nan  # when the bus was found to be stuck
        self._pause = FIRST_PAUSE

    def observe(self, cycle: Cycle, outcome: Outcome) -> None:
        """Take in how an attempt ended: only an answer shows that the bus moves."""
        if outcome == "under way":
            return
        if outcome == "ended":
            self._release()
        elif not math.isnan(self._since):
            self._try_next(cycle)
        elif self._suspect is None and len(self._cycles) > 1:
            self._suspect = cycle
            self._try_other(cycle)
        elif cycle is not self._suspect:
            self._suspend(cycle)

    def _try_other(self, suspect: Cycle) -> None:
        """Let another device try at once; those that are under way will do so anyway."""
        idle = [one for one in self._cycles if one is not suspect and not one.under_way]
        if idle:
            min(idle, key=attrgetter("due")).due = self._clock.monotonic()

    def _suspend(self, last: Cycle) -> None:
        self._since, self._pause = self._clock.monotonic(), FIRST_PAUSE
        error = BusStuck(self._bus, "the bus does not move")
        names = ", ".join(cycle.device.name for cycle in self._cycles)
        _logger.error("%s; %s wait until one of them gets an answer", error, names)
        for cycle in self._cycles:
            cycle.suspend(error)
        self._try_next(last)

    def _try_next(self, last: Cycle) -> None:
        """Let the device that follows the last one try, after a pause."""
        last.due = math.inf
        following = self._cycles[(self._cycles.index(last) + 1) % len(self._cycles)]
        following.due = self._clock.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _release(self) -> None:
        self._suspect = None
        if math.isnan(self._since):
            return
        stood = self._clock.monotonic() - self._since
        _logger.warning("%s: the bus moves again after %.0f s", self._bus, stood)
        self._since = math.nan
        for cycle in self._cycles:
            if cycle.due == math.inf:
                cycle.due = self._clock.monotonic()
