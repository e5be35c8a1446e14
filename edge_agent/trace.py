"""Log lines about single events, by their ids: recorded, delivered or refused."""

import logging
from collections.abc import Mapping, Sequence

from edge_agent.events import Event, LoggedEvent

OF_DEVICES = ("reading", "aggregate")

_logger = logging.getLogger(__name__)


def trace_recorded(log: str, events: Sequence[Event], last: int) -> None:
    """Say, if that is asked for, under which ids a log has events; `last` is the last offset."""
    if _logger.isEnabledFor(logging.DEBUG):
        for offset, event in enumerate(events, last - len(events) + 1):
            _say(log, offset, event, "recorded")


def trace_delivered(
    log: str, events: Sequence[LoggedEvent], sink: str, refused: Mapping[int, str]
) -> None:
    """Say what a sink owns from now on, and what of it the destination refused for good."""
    if _logger.isEnabledFor(logging.DEBUG):
        for event in events:
            why = refused.get(event.offset)
            what = f"delivered to {sink}" if why is None else f"refused by {sink}: {why}"
            _say(log, event.offset, event, what, sink=sink)


def _say(log: str, offset: int, event: Event | LoggedEvent, what: str, **fields: str) -> None:
    event_id = f"{log}:{offset}"
    if event.kind in OF_DEVICES:
        fields["device"] = event.source
    text = "%s of %s, %s: %s"
    _logger.debug(
        text, event.kind, event.source, event_id, what, extra={"event": event_id, **fields}
    )
