"""Builds that are broken on purpose: the same faults must show losses, or they prove nothing."""

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from tests.torture.importer import Importer

if TYPE_CHECKING:
    from edge_agent.events import Event, LoggedEvent
    from edge_agent.store.event_log import EventLog

VARIABLE = "EDGE_SABOTAGE"
ME = "tests.torture.sabotage"


class Change(NamedTuple):
    """A text of a module, and what stands there instead."""

    module: str
    old: str
    new: str


class Sabotage(NamedTuple):
    """What is broken, and the fault that must show it."""

    what: str
    fault: str
    changes: tuple[Change, ...]


RECORD = "offset = self._log.append(events) if events else self._log.last_offset()"
READ = "batch = self._next_batch(self._reader, self._cursor, upto, most)"
DELIVER = "            count = self._sink.deliver(batch)"
LARGEST = "self._largest = settlement.largest"
REFUSED = "for n in sorted(settlement.refused):"
SMALLER = "smaller, job.largest = session.max_packet < job.largest, session.max_packet"
SABOTAGES = {
    "publish-before-commit": Sabotage(
        "events are published before they are committed",
        "process/commit",
        (
            Change(
                "edge_agent.store.recorder",
                RECORD,
                f"{RECORD}; __import__('{ME}', fromlist=['early'])"
                ".early(self._log, offset, events, self._announce)",
            ),
            Change(
                "edge_agent.deliver.forwarder",
                READ,
                f"{READ}; batch = __import__('{ME}', fromlist=['early'])"
                ".with_early(batch, self._kinds, self._cursor)",
            ),
        ),
    ),
    "cursor-before-ack": Sabotage(
        "the cursor moves before the destination has acknowledged",
        "process/kill-at-random",
        (
            Change(
                "edge_agent.deliver.forwarder",
                DELIVER,
                f"            self._move(batch[-1].offset, {{}})\n{DELIVER}",
            ),
        ),
    ),
    "synchronous-off": Sabotage(
        "commits are not synced: `PRAGMA synchronous = OFF`",
        "disk/power-cut",
        (Change("edge_agent.store.connection", "synchronous = FULL", "synchronous = OFF"),),
    ),
    "own-limit": Sabotage(
        "batches are split by our limit of a packet, not by the broker's",
        "broker/small-packets",
        (
            Change("edge_agent.deliver.mqtt.sink", LARGEST, "pass"),
            Change("edge_agent.deliver.mqtt.sink", REFUSED, "for n in ():"),
            Change("edge_agent.deliver.mqtt.publisher", SMALLER, "smaller = False"),
        ),
    ),
}


# ── In the agent's process ────────────────────────────────────────────────────────────────────────


def sabotage(importer: Importer) -> None:
    """Break the agent as its environment asks for."""
    name = os.environ.get(VARIABLE)
    for change in SABOTAGES[name].changes if name else ():
        importer.replace(*change)


_early: "list[LoggedEvent]" = []


def early(
    log: "EventLog", last: int, events: "Collection[Event]", announce: Callable[[int], None]
) -> None:
    """Hand events to the forwarders before their commit."""
    from edge_agent.events import LoggedEvent  # noqa: PLC0415 - it is the agent's

    first = last - len(events) + 1
    rows = enumerate((log._row(event, log.boot) for event in events), first)
    _early.extend(LoggedEvent(offset, *row) for offset, row in rows)
    announce(last)


def with_early(
    batch: "list[LoggedEvent]", kinds: Collection[str], cursor: int
) -> "list[LoggedEvent]":
    """Return what was read, and what follows it and is not committed yet."""
    last = batch[-1].offset if batch else cursor
    return batch + [one for one in list(_early) if one.offset > last and one.kind in kinds]
