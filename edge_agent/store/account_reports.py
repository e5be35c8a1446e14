"""What changes in the accounts, and the gap events that report it."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from edge_agent.clock import Moment
from edge_agent.events import CursorMove, Event, Subscription, gap, lifecycle
from edge_agent.store.account import NOT_CONFIGURED
from edge_agent.store.event_log import EventLog
from edge_agent.store.gaps import all_of, ranges, report

NOT_GAPS = """
SELECT "offset" FROM event
WHERE "offset" IN (SELECT value FROM json_each(?)) AND kind != 'gap' ORDER BY "offset"
"""


def registered(sinks: Iterable[Subscription], log: EventLog, now: Moment) -> list[Event]:
    """Open the accounts of sinks; return gap events for what those that are back have missed."""
    missed = log.account.register(sinks, log.last_offset())
    return list(report(now, NOT_CONFIGURED, missed))


def account_for(move: CursorMove, refused: list[int], log: EventLog, now: Moment) -> list[Event]:
    """Return the gap event for what a sink refused; a refused gap makes no further gap."""
    offsets = _without_gaps(log, refused) if refused else []
    if not offsets:
        return []
    reason = f"rejected by {move.sink}: {move.refused[offsets[0]]}"
    return list(report(now, reason, all_of(ranges(offsets))))


def recovered(attempts: int, lost: Counter[str], log: EventLog, now: Moment) -> list[Event]:
    """Return the report that the log is written again; account for what was `lost`, by kind."""
    dropped = lost.total()
    log.account.drop_unrecorded(lost, "disk_full")
    notes = [lifecycle(now, "log_recovered", attempts=attempts, dropped=dropped)]
    return [*notes, gap(now, "disk_full", [], dropped)] if dropped else notes


def _without_gaps(log: EventLog, offsets: list[int]) -> list[int]:
    """Return the offsets, ascending, without those of gap events."""
    wanted = msgspec.json.encode(offsets).decode()
    return [row[0] for row in log.execute(NOT_GAPS, (wanted,))]
