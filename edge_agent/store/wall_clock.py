"""The wall clock as the recorder sees it: its steps are reported, and age nothing.

The kernel slews the wall clock and the uptime alike: their difference changes only at a step.
"""

from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.clock import Moment
from edge_agent.events import Event, lifecycle
from edge_agent.store.event_log import EventLog

STEP = 1_000_000  # µs: less is not worth an event
LAST_TIME = 'SELECT time FROM event WHERE boot IS NULL ORDER BY "offset" DESC LIMIT 1'


def last_time(execute: Callable[[str], Sequence[Sequence[Any]]]) -> int:
    """Return the time in µs of the last event whose time can be trusted; 0 if there is none."""
    found = execute(LAST_TIME)
    return int(found[0][0]) if found else 0


class WallClock:
    """Watches the clock from one look to the next; `last` is the time of the log's last event.

    History that is to be kept for `keep` seconds ages by uptime, until this has passed for `keep`
    since the start or the last step: a wrong clock must not make it look old.
    """

    def __init__(self, last: int, keep: float) -> None:
        self._last = last
        self._keep = round(keep * 1e6)
        self._since: tuple[int, int] | None = None  # time and uptime from which history ages
        self._base: int | None = None  # of the last look: time - uptime
        self._stepped = 0
        self._settled = False

    def look(self, now: Moment) -> None:
        """Notice a step, and the first moment that can be trusted."""
        base = now.time - now.uptime
        if not now.trusted:
            self._base = None
            return
        if self._since is None:
            self._since = (self._last or now.time, now.uptime)
        if self._base is not None and abs(base - self._base) >= STEP:
            self._since = (self.aged(now._replace(time=self._base + now.uptime)), now.uptime)
            self._stepped += base - self._base
        self._base = base

    def aged(self, now: Moment) -> int:
        """Return the time in µs from which the age of history is counted back."""
        time, uptime = self._since or (now.time, now.uptime)
        passed = now.uptime - uptime
        return now.time if passed >= self._keep else min(now.time, time + passed)

    def notes(self, log: EventLog, now: Moment) -> list[Event]:
        """Give events their true time once the clock is right; return what to record of it."""
        found = []
        if now.trusted and not self._settled and (repaired := log.repair_times(now)):
            found.append(lifecycle(now, "clock_set", repaired=repaired))
        if self._stepped:
            found.append(lifecycle(now, "clock_stepped", seconds=self._stepped / 1e6))
        return found

    def reported(self, now: Moment) -> None:
        """Forget what has been recorded."""
        self._settled = now.trusted
        self._stepped = 0
