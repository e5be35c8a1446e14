"""One run of the audit: from a source to a view, until it is to end."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from consumers.audit.audit import Audit
from consumers.audit.report import AuditReport
from consumers.source import DeadLetter, Delivery, Introduction, Source

STEP_SECONDS = 0.25
REFRESH_SECONDS = 1.0


class View(Protocol):
    """Shows what was found so far."""

    def show(self, report: AuditReport, at: float) -> None:
        """Show a report; it is called about once a second."""
        ...

    def close(self) -> None:
        """Give the terminal back."""
        ...


class End(NamedTuple):
    """When a run ends: after some seconds, or after some seconds without an event."""

    after: float
    quiet: float


class Following:
    """Hands what a source delivers to an audit, and shows the reports."""

    def __init__(
        self,
        source: Source,
        audit: Audit,
        view: View,
        end: End,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._audit = audit
        self._view = view
        self._end = end
        self._clock = clock
        self._began = self._moved_at = self._shown_at = clock()

    def run(self) -> AuditReport:
        """Follow the source until the end, or until Ctrl-C; return what was found."""
        try:
            while not self._has_ended():
                self.step()
        except KeyboardInterrupt:
            pass  # the usual end
        finally:
            self._view.close()
        return self._audit.report(self._clock())

    def step(self) -> None:
        """Take what arrives within a moment, and show it if it is time."""
        deliveries = self._source.receive(STEP_SECONDS)
        now = self._clock()
        for delivery in deliveries:
            self._take(delivery, now)
        self._source.acknowledge(len(deliveries))
        if deliveries:
            self._moved_at = now
        if now - self._shown_at >= REFRESH_SECONDS:
            self._shown_at = now
            self._view.show(self._audit.report(now), now)

    def _take(self, delivery: Delivery, now: float) -> None:
        if isinstance(delivery, DeadLetter):
            self._audit.take_dead_letter(delivery, now)
        elif isinstance(delivery, Introduction):
            self._audit.introduce(delivery.node, delivery.info)
        else:
            self._audit.take(delivery.decoded, now)

    def _has_ended(self) -> bool:
        now = self._clock()
        return now - self._began >= self._end.after or now - self._moved_at > self._end.quiet
