"""Events that were measured before the clock was set get their true time, a little at a time.

The log knows behind which offset the events of this boot begin. What a kill or a power cut leaves
undone is done later, with the same clock.
"""

from contextlib import suppress
from typing import NamedTuple

import msgspec

from edge_agent.clock import Moment
from edge_agent.events import Event, lifecycle
from edge_agent.store.event_log import EventLog
from edge_agent.store.untrusted import read_untrusted, write_untrusted

SLICE = 2000  # events that one transaction looks at
PAUSE = 0.1  # seconds between two of these transactions
UNDER_WAY = "store/repair"  # the saved state: how far it is
SLICE_END = """
SELECT max("offset") FROM
(SELECT "offset" FROM event WHERE "offset" > ? ORDER BY "offset" LIMIT ?)
"""
REPAIR = """
UPDATE event SET time = uptime + ?, boot = NULL, uptime = NULL
WHERE "offset" > ? AND "offset" <= ? AND boot = ?
"""


class Repair(msgspec.Struct):
    """A boot, by its number, whose events up to `behind` have their true time."""

    boot: int
    shift: int  # µs from uptime to wall clock
    behind: int
    repaired: int = 0


class _Outcome(NamedTuple):
    """What is true once the transaction is committed."""

    settled: bool
    pending: bool


class TimeRepair:
    """Repairs a slice within each transaction of the recorder, until all events are repaired.

    `settled` is whether no event of this boot has a time that is known to be wrong.
    """

    def __init__(self) -> None:
        self.settled = False
        self._pending = False
        self._outcome = _Outcome(settled=False, pending=False)

    def due(self, last_commit: float) -> float:
        """Return the monotonic time of the next slice; infinity if there is none."""
        return last_commit + PAUSE if self._pending else float("inf")

    def step(self, log: EventLog, now: Moment) -> list[Event]:
        """Repair a slice, within a transaction; return the report once all is repaired."""
        if self.settled and now.trusted:
            return []
        repair = _under_way(log) or (_begun(log, now) if now.trusted else None)
        if repair is None:
            self._outcome = _Outcome(settled=now.trusted, pending=False)
            return []
        ended = _repair_slice(log, repair)
        self._outcome = _Outcome(settled=False, pending=True)
        return _end(log, repair, now) if ended else []

    def committed(self) -> None:
        """Note that the transaction with the last step is committed."""
        self.settled, self._pending = self._outcome


def _under_way(log: EventLog) -> Repair | None:
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(log.saved_state(UNDER_WAY) or "null", type=Repair | None)
    return None


def _begun(log: EventLog, now: Moment) -> Repair | None:
    untrusted = read_untrusted(log.execute, log.boot)
    if untrusted is None or untrusted.behind is None:
        return None
    return Repair(untrusted.boot, now.time - now.uptime, untrusted.behind)


def _repair_slice(log: EventLog, repair: Repair) -> bool:
    """Repair the next events; return whether they are the last ones."""
    ((end,),) = log.execute(SLICE_END, (repair.behind, SLICE))
    if end is not None:
        log.execute(REPAIR, (repair.shift, repair.behind, end, repair.boot))
        repair.repaired += log.execute("SELECT changes()")[0][0]
        repair.behind = end
    log.save_state(UNDER_WAY, msgspec.json.encode(repair).decode())
    return repair.behind >= log.last_offset() or end is None


def _end(log: EventLog, repair: Repair, now: Moment) -> list[Event]:
    log.save_state(UNDER_WAY, "null")
    write_untrusted(log.execute, repair.boot, None)
    log.forget_boots()
    if not repair.repaired:
        return []
    return [lifecycle(now, "clock_set", repaired=repair.repaired)]
