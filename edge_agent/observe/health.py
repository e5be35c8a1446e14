"""Feeds the watchdog only while every thread responds."""

from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue


class Health:
    """Collects the threads' heartbeats and feeds systemd's watchdog.

    `threads` maps each thread to the seconds it may be silent; all report every 5 s, but a thread
    that waits for a name server or another service may take longer.
    """

    def __init__(
        self,
        threads: Mapping[str, float],
        *,
        monotonic: Callable[[], float],
        notify: Callable[[str], None],
    ) -> None:
        self.inbox: SimpleQueue[str] = SimpleQueue()
        self._monotonic = monotonic
        self._notify = notify
        self._timeouts: Mapping[str, float] = {}
        self._seen: dict[str, float] = {}
        self.watch(threads)

    def watch(self, threads: Mapping[str, float]) -> None:
        """Watch these threads from now on: those of a new configuration."""
        now = self._monotonic()
        self._timeouts = threads
        self._seen = {name: self._seen.get(name, now) for name in threads}

    def check(self) -> list[str]:
        """Feed the watchdog if all threads respond; return the names of those that do not."""
        now = self._monotonic()
        self._seen |= dict.fromkeys(self._reports(), now)
        silent = [name for name, seen in self._seen.items() if now - seen > self._timeouts[name]]
        if silent:
            self._notify(f"STATUS=threads not responding: {', '.join(silent)}")
        else:
            self._notify("WATCHDOG=1")
        return silent

    def _reports(self) -> set[str]:
        names = set()
        try:
            while True:
                names.add(self.inbox.get_nowait())
        except Empty:
            return names & self._seen.keys()
