"""The running alert system: from the source to alerts, which are saved with the progress."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from consumers.alerts.engine import AlertEngine
from consumers.alerts.notify.outbox import NotificationOutbox
from consumers.alerts.store import AlertStore
from consumers.alerts.transition import Transition
from consumers.inbox.inbox import Inbox
from consumers.source import Delivery, Introduction, Source

STEP_SECONDS = 0.25

_logger = logging.getLogger(__name__)


class AlertParts(NamedTuple):
    """What an alert system is made of."""

    source: Source
    inbox: Inbox
    engine: AlertEngine
    store: AlertStore
    outbox: NotificationOutbox


class AlertSystem:
    """Commits what follows from deliveries, and acknowledges them then.

    `report` gets each transition once it is saved; `clock` returns µs since 1970.
    """

    def __init__(
        self,
        parts: AlertParts,
        report: Callable[[Transition], None],
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._source, self._inbox, self._engine, self._store, self._outbox = parts
        self._report = report
        self._clock = clock

    def run(self, seconds: float) -> None:
        """Run for a time, or until KeyboardInterrupt."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()

    def step(self) -> None:
        """Take what arrives within a moment, and find what follows from it and from time."""
        deliveries = self._source.receive(STEP_SECONDS)
        now = self._clock()
        with self._store.transaction():
            self._listen(now)
            self._engine.records.silences = self._store.silences(now)
            self._take(deliveries, now)
            self._do_requests(now)
            self._engine.advance(now)
            transitions = self._save()
            self._inbox.save()
        self._source.acknowledge(self._inbox.settle())
        for one in transitions:
            self._report(one)
        self._outbox.pump(now, self._engine.records.firing)

    def _listen(self, now: int) -> None:
        """Say it if the connection is lost or there again."""
        connected = self._source.connected
        if not self._engine.listen(now, connected=connected):
            return
        self._store.note_disconnection(None if connected else now)
        if connected:
            _logger.info("connected again; silence is measured from now on")
        else:
            _logger.warning("not connected; no node counts as silent until that is over")

    def _take(self, deliveries: Sequence[Delivery], now: int) -> None:
        for delivery in deliveries:
            if isinstance(delivery, Introduction):
                self._engine.nodes.introduce(delivery.node, delivery.info)
        for event in self._inbox.take(deliveries, now / 1e6):
            self._engine.take(event, now)
        for missing in self._inbox.missing():
            if not missing.reason:
                self._engine.nodes.lose(missing.node, now)

    def _do_requests(self, now: int) -> None:
        for what, rule, node in self._store.take_requests():
            if what == "forget":
                self._engine.forget(node, now)
                self._store.forget_node(node)
            else:
                self._engine.records.acknowledge((rule, node))

    def _save(self) -> list[Transition]:
        records, nodes = self._engine.records, self._engine.nodes
        for key in records.changed:
            self._store.save_record(key, records.get(key))
        self._store.save_nodes({name: nodes.nodes[name].state for name in nodes.changed})
        reported = records.reported
        if reported:
            self._store.add_history(one.transition for one in reported)
        for one in reported:
            if one.notify:
                self._outbox.add(one.transition)
        self._store.add_counts(nodes.counts)
        nodes.counts.clear()
        records.changed, records.reported, nodes.changed = set(), [], set()
        return [one.transition for one in reported]
