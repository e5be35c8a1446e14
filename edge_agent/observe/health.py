"""The watchdog is fed only while every thread that matters makes progress."""

from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue


class Health:
    """Collects the threads' signs of life and passes them on to systemd's watchdog.

    `threads` maps each to the seconds for which it may be silent; all report every 5 s, but who
    waits for others, a name server or a service, may take longer.
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
        self._patience: Mapping[str, float] = {}
        self._seen: dict[str, float] = {}
        self.watch(threads)

    def watch(self, threads: Mapping[str, float]) -> None:
        """Wait for these from now on: those of another configuration."""
        now = self._monotonic()
        self._patience = threads
        self._seen = {name: self._seen.get(name, now) for name in threads}

    def check(self) -> list[str]:
        """Feed the watchdog if all threads moved lately; return the names of those that did not."""
        now = self._monotonic()
        self._seen |= dict.fromkeys(self._reports(), now)
        silent = [name for name, seen in self._seen.items() if now - seen > self._patience[name]]
        if silent:
            self._notify(f"STATUS=no progress: {', '.join(silent)}")
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
