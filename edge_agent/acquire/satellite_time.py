"""The time that a receiver of satellites says, for a machine without a network or a clock chip.

The driver says it, the bus's thread compares what it says, and the clock takes it.
"""

import logging
from collections import deque

from drivers.base.members import KnownTime, KnowsTime
from edge_agent.clock import Clock, rfc3339

IN_A_ROW = 3  # measurements that must agree
AGREED = 1_000_000  # µs between the earliest and the latest of them

_logger = logging.getLogger(__name__)


class SatelliteTime:
    """Compares the times of one receiver's measurements; the thread of its bus owns it."""

    def __init__(self, device: str, driver: KnowsTime, clock: Clock) -> None:
        self._device = device
        self._driver = driver
        self._clock = clock
        self._shifts = deque[int](maxlen=IN_A_ROW)  # µs from uptime to wall clock
        self._fitted: bool | None = None  # the last one that was logged

    def look(self) -> None:
        """Take the time of a measurement that has just ended; the clock follows those that agree.

        What a receiver says comes late, never early: the earliest is nearest to the truth.
        """
        if self._clock.machine_is_set():
            return
        known = self._heard()
        if known is None:
            self._shifts.clear()
            return
        now = self._clock.now().uptime
        self._shifts.append(known.time + round(known.age * 1e6) - now)
        if len(self._shifts) == IN_A_ROW and max(self._shifts) - min(self._shifts) <= AGREED:
            self._log(self._clock.follow(max(self._shifts)), known.time)

    def _heard(self) -> KnownTime | None:
        try:
            return self._driver.known_time()
        except Exception:
            text = "%s: its driver has a bug: its time is not used"
            _logger.exception(text, self._device, extra={"device": self._device})
            return None

    def _log(self, fits: bool, time: int) -> None:
        if fits == self._fitted:
            return
        self._fitted = fits
        text = "%s: the machine's clock is not set; events now have the time of the satellites, %s"
        if not fits:
            text = (
                "%s: its time is not used: %s does not fit what the agent knows"
                " (does the receiver need a newer firmware? Otherwise let NTP set the clock)"
            )
        _logger.warning(text, self._device, rfc3339(time), extra={"device": self._device})
