"""The watchdog is fed only while every thread that matters makes progress."""

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue


class Health:
    """Collects the threads' signs of life and passes them on to systemd's watchdog.

    `patience` is how many seconds a thread may be silent; each thread reports every 5 s.
    """

    def __init__(
        self,
        threads: Iterable[str],
        *,
        monotonic: Callable[[], float],
        notify: Callable[[str], None],
        patience: float,
    ) -> None:
        self.inbox: SimpleQueue[str] = SimpleQueue()
        self._monotonic = monotonic
        self._notify = notify
        self._patience = patience
        self._seen = dict.fromkeys(threads, monotonic())

    def watch(self, threads: Iterable[str]) -> None:
        """Wait for these from now on: those of another configuration."""
        now = self._monotonic()
        self._seen = {name: self._seen.get(name, now) for name in threads}

    def check(self) -> list[str]:
        """Feed the watchdog if all threads moved lately; return the names of those that did not."""
        now = self._monotonic()
        self._seen |= dict.fromkeys(self._reports(), now)
        silent = [name for name, seen in self._seen.items() if now - seen > self._patience]
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
