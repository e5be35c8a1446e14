"""The wall clock as the recorder sees it: its steps are reported, and age nothing.

The kernel slews the wall clock and the uptime alike: their difference changes only at a step.
"""

from contextlib import suppress

from edge_agent.clock import Moment
from edge_agent.events import Event, lifecycle
from edge_agent.store.event_log import EventLog
from edge_agent.store.saved import read_saved
from edge_agent.store.tally import Execute

STEP = 1_000_000  # µs: less is not worth an event
RECENT = 20_000  # events: those that every start looks at
LAST_TIME = """
SELECT time FROM (SELECT time, boot FROM event ORDER BY "offset" DESC LIMIT ?)
WHERE boot IS NULL LIMIT 1
"""
KNOWN = "store/last_time"  # the saved state: what the last start has found


def last_time(execute: Execute) -> int:
    """Return the time in µs of the last event whose time can be trusted; 0 if there is none."""
    found = execute(LAST_TIME, (RECENT,))
    if found:
        return int(found[0][0])
    with suppress(ValueError):
        known = read_saved(execute, KNOWN)
        if known is not None:
            return int(known)
    found = execute(LAST_TIME, (-1,))
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
        self._kept = False

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
        """Keep what a start had to find out; return what to record of a step."""
        if not self._kept:
            log.save_state(KNOWN, str(self._last))
        if not self._stepped:
            return []
        return [lifecycle(now, "clock_stepped", seconds=self._stepped / 1e6)]

    def reported(self) -> None:
        """Forget what has been recorded."""
        self._kept = True
        self._stepped = 0
