"""What changes in the accounts, and the gap events that report it."""

from collections.abc import Iterable

from edge_agent.clock import Moment
from edge_agent.events import CursorMove, Event, Subscription
from edge_agent.store.account import NOT_CONFIGURED
from edge_agent.store.event_log import EventLog
from edge_agent.store.gaps import all_of, ranges, report


def registered(sinks: Iterable[Subscription], log: EventLog, now: Moment) -> list[Event]:
    """Open the accounts of sinks; return gap events for what those that are back have missed."""
    missed = log.account.register(sinks, log.last_offset())
    return list(report(now, NOT_CONFIGURED, missed))


def account_for(move: CursorMove, refused: list[int], log: EventLog, now: Moment) -> list[Event]:
    """Return the gap event for what a sink refused; a refused gap makes no further gap."""
    offsets = log.without_gaps(refused) if refused else []
    if not offsets:
        return []
    reason = f"rejected by {move.sink}: {move.refused[offsets[0]]}"
    return list(report(now, reason, all_of(ranges(offsets))))
