"""The watchdog is fed only while every thread that matters makes progress."""

import logging
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue

from edge_agent.figures import Figure, SignOfLife, SignsOfLife, unreported

PATIENCE = 30.0  # seconds for which a thread between chip and disk may be silent
PATIENCE_BEHIND = 300.0  # the same for a thread of delivery: name servers take their time

_logger = logging.getLogger(__name__)


class Health:
    """Collects the threads' signs of life and passes them on to systemd's watchdog.

    `watch` names those between chip and disk. A thread of delivery is watched from its first sign
    of life on, and may be silent for longer: it waits for other machines, and delays nothing else.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        notify: Callable[[str], None],
        every: float,
        notices: Callable[[], str] = str,
        report: Callable[[Figure], None] = unreported,
    ) -> None:
        """Check `every` so many seconds; if all is well, `notices` returns the status.

        `report` gets all signs of life at each check.
        """
        self.inbox: SimpleQueue[str] = SimpleQueue()
        self._monotonic = monotonic
        self._notify = notify
        self._every = every
        self._notices = notices
        self._report = report
        self._status = ""
        self._due = float("-inf")
        self._known: list[str] = []  # the silent threads that are logged already
        self._essential: frozenset[str] = frozenset()
        self._seen: dict[str, float] = {}

    def watch(self, essential: Iterable[str]) -> None:
        """Watch these from now on, and others as soon as they give a sign of life."""
        now = self._monotonic()
        seen = self._seen | dict.fromkeys(self._reports(), now)
        self._essential = frozenset(essential)  # threads that have ended are not waited for
        self._seen = {name: seen.get(name, now) for name in self._essential}

    def step(self) -> float:
        """Check if it is time; return the seconds until the next check."""
        now = self._monotonic()
        if now >= self._due:
            self._due = now + self._every
            silent = self.check()
            if silent and silent != self._known:
                _logger.error("threads not responding: %s", ", ".join(silent))
            self._known = silent
        return self._due - now

    def check(self) -> list[str]:
        """Feed the watchdog if all threads made progress lately; return the names of the others."""
        now = self._monotonic()
        self._seen |= dict.fromkeys(self._reports(), now)
        self._report(SignsOfLife(self._signs()))
        late = (name for name, seen in self._seen.items() if now - seen > self._patience(name))
        silent = sorted(late)
        self._show(f"no progress: {', '.join(silent)}" if silent else self._notices())
        if not silent:
            self._notify("WATCHDOG=1")
        return silent

    def _signs(self) -> dict[str, SignOfLife]:
        return {name: SignOfLife(seen, self._patience(name)) for name, seen in self._seen.items()}

    def _show(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self._notify(f"STATUS={status}")

    def _patience(self, name: str) -> float:
        return PATIENCE if name in self._essential else PATIENCE_BEHIND

    def _reports(self) -> set[str]:
        names = set()
        try:
            while True:
                names.add(self.inbox.get_nowait())
        except Empty:
            return names
