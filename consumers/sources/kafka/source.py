"""Events from a topic: in order per partition, and committed when they are acknowledged."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from consumers.pending import Pending
from consumers.received_event import ReceivedEvent
from consumers.source import Delivery
from consumers.sources.kafka.partition import Handed, Taken
from consumers.sources.kafka.record import RecordDecoder
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.errors import SinkUnavailable

TAKE = 1000  # records handed over at once
MOST = 5000  # deliveries that are not acknowledged yet

_logger = logging.getLogger(__name__)


class TopicReading(Protocol):
    """What the source needs of a client: see `TopicReader`; it raises SourceUnavailable."""

    lost: int
    connected: bool

    def open(self) -> None:
        """Join the group."""
        ...

    def take(self, seconds: float, most: int) -> list[Taken]:
        """Return records as soon as there are some."""
        ...

    def wait(self, seconds: float) -> list[Taken]:
        """Stay a member, and take nothing but what is on its way."""
        ...

    def problems(self) -> list[str]:
        """Return what has gone wrong since the last time."""
        ...

    def commit(self) -> None:
        """Say how far the partitions are done with."""
        ...

    def close(self) -> None:
        """Commit, and leave."""
        ...


class KafkaSource:
    """Hands over the events of `nodes`, of all nodes if none is named; see `Source`."""

    def __init__(
        self,
        reader: TopicReading,
        decoder: RecordDecoder,
        nodes: Sequence[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interruptions = 0
        self._reader = reader
        self._decoder = decoder
        self._nodes = frozenset(nodes)
        self._monotonic = monotonic
        self._pending: Pending[Handed] = Pending()
        self._undecoded: list[Taken] = []
        self._retry_at = 0.0
        self._backoff = Backoff(random.random)
        self._complaints = Complaints(_logger)

    def open(self) -> None:
        """Connect and join the group; raise SourceUnavailable."""
        self._reader.open()

    @property
    def connected(self) -> bool:
        """Return whether a server answers."""
        return self._reader.connected

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives; raise SourceUnavailable if another took the place of this member."""
        self._reader.commit()
        room = MOST - len(self._pending)
        if room <= 0 or self._monotonic() < self._retry_at:
            self._undecoded += self._reader.wait(seconds)
            return ()
        records = self._undecoded or self._reader.take(seconds, min(TAKE, room))
        self.interruptions = self._reader.lost
        for problem in self._reader.problems():
            self._complaints.add(f"{problem}; trying again")
        return self._handed_over(records)

    def acknowledge(self, count: int) -> None:
        """Commit what is done with, in the background; see `Source`."""
        for handed in self._pending.acknowledge(count):
            handed.place.acknowledge(handed)
        self._reader.commit()

    def close(self) -> None:
        """Commit what is acknowledged, and disconnect."""
        self._reader.close()

    def _handed_over(self, records: list[Taken]) -> list[Delivery]:
        deliveries: list[Delivery] = []
        for number, taken in enumerate(records):
            if not taken.place.owned:
                continue
            try:
                found = self._decoder.decode(taken.value, taken.headers)
            except SinkUnavailable as error:
                self._put_off(records[number:], error)
                return deliveries
            deliveries += self._wanted(taken, found)
        self._undecoded = []
        if records:
            self._backoff.reset()
            self._complaints.end()
        return deliveries

    def _wanted(self, taken: Taken, found: Sequence[Delivery]) -> Sequence[Delivery]:
        if self._nodes:
            found = [one for one in found if self._is_wanted(one)]
        if found:
            self._pending.add(taken.place.hand_over(taken.offset), len(found))
        else:
            taken.place.skip(taken.offset)
        return found

    def _is_wanted(self, delivery: Delivery) -> bool:
        return not isinstance(delivery, ReceivedEvent) or delivery.node in self._nodes

    def _put_off(self, records: list[Taken], error: SinkUnavailable) -> None:
        """Keep records that the registry is needed for, until it answers."""
        self._undecoded = records
        self._retry_at = self._monotonic() + self._backoff.next()
        self._complaints.add(f"{error}; trying again")
