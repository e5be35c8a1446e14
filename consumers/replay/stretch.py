"""The events of a stretch of time, as batches for a sink."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from consumers.received_event import ReceivedEvent
from consumers.relayed import relayed_event
from consumers.source import Delivery, Source
from edge_agent.errors import UnfitEvent
from edge_agent.events import RelayedEvent


class TimeStretch(NamedTuple):
    """From `since` up to `until`, both included; None means no end."""

    since: datetime | None = None
    until: datetime | None = None

    def has(self, event: ReceivedEvent) -> bool:
        """Return whether an event belongs to it."""
        after = self.since is None or event.time >= self.since
        return after and (self.until is None or event.time <= self.until)


class ReplayBatches:
    """What an open source has, until nothing comes for `quiet` seconds; `unusable` is counted."""

    def __init__(self, source: Source, stretch: TimeStretch, quiet: float) -> None:
        self.unusable = 0
        self._source = source
        self._stretch = stretch
        self._quiet = quiet
        self._number = 0

    def __iter__(self) -> Iterator[list[RelayedEvent]]:
        while deliveries := self._source.receive(self._quiet):
            yield [event for each in deliveries for event in self._events(each)]
            self._source.acknowledge(len(deliveries))

    def _events(self, delivery: Delivery) -> Iterator[RelayedEvent]:
        if not isinstance(delivery, ReceivedEvent) or not self._stretch.has(delivery):
            return
        self._number += 1
        try:
            yield relayed_event(delivery, self._number, replay=True)
        except UnfitEvent:
            self.unusable += 1
