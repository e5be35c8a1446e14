"""Hands notifications from the store to the threads that send them, and removes what was sent."""

import logging
from collections.abc import Callable, Mapping, Sequence
from queue import Empty, SimpleQueue

from consumers.alerts.notify.sender import NotificationBatch, SentBatch, TargetSender
from consumers.alerts.settings import FleetNotifySettings
from consumers.alerts.store import AlertStore
from consumers.alerts.transition import Transition
from edge_agent.deliver.complaints import Complaints
from edge_agent.events import SEVERITIES

TOGETHER = 100  # transitions in one notification
REFRESH = 60_000_000  # µs: Alertmanager forgets what is not repeated

_logger = logging.getLogger(__name__)


class NotificationOutbox:
    """One batch at a time is with each sender; what it has not sent stays in the store."""

    def __init__(
        self,
        store: AlertStore,
        targets: Sequence[FleetNotifySettings],
        senders: Mapping[str, TargetSender],
        sent: SimpleQueue[SentBatch],
    ) -> None:
        self._store = store
        self._targets = targets
        self._senders = senders
        self._sent = sent
        self._busy: set[str] = set()
        self._refreshed_at: dict[str, int] = {}
        self._complaints = Complaints(_logger)
        self.dropped = 0

    def add(self, transition: Transition) -> None:
        """Keep a transition for each target that wants it, in the transaction that is open."""
        rank = SEVERITIES.index(transition.severity)
        for one in self._targets:
            if rank >= SEVERITIES.index(one.severity):
                self._note_dropped(one.name, self._store.add_outgoing(one.name, transition))

    def pump(self, now: int, firing: Callable[[], Sequence[Transition]]) -> None:
        """Note what was sent, and hand over what waits; `firing` is what fires now."""
        self._note_sent()
        for one in self._targets:
            if one.name in self._busy:
                continue
            waiting = self._store.outgoing(one.name, TOGETHER)
            if waiting:
                self._hand(one.name, NotificationBatch(list(waiting), list(waiting.values())))
            elif one.format == "alertmanager":
                self._refresh(one, now, firing)

    def _refresh(
        self, target: FleetNotifySettings, now: int, firing: Callable[[], Sequence[Transition]]
    ) -> None:
        if now - self._refreshed_at.get(target.name, 0) < REFRESH:
            return
        self._refreshed_at[target.name] = now
        lowest = SEVERITIES.index(target.severity)
        wanted = [one for one in firing() if SEVERITIES.index(one.severity) >= lowest]
        if wanted:
            self._hand(target.name, NotificationBatch((), wanted))

    def _hand(self, target: str, batch: NotificationBatch) -> None:
        self._busy.add(target)
        self._senders[target].send(batch)

    def _note_dropped(self, target: str, count: int) -> None:
        self.dropped += count
        if count:
            self._complaints.add(f"{target}: too many notifications wait; the oldest are dropped")

    def _note_sent(self) -> None:
        while True:
            try:
                target, numbers = self._sent.get_nowait()
            except Empty:
                return
            with self._store.transaction():
                self._store.remove_outgoing(numbers)
            self._busy.discard(target)
