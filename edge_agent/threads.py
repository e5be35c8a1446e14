"""Threads that have names, stop through a queue, and report when they fail."""

import logging
import threading
import time
from collections.abc import Callable

STOP_SECONDS = 4.5  # for all threads together, at a stop or when a reload replaces some

_logger = logging.getLogger(__name__)


class Worker:
    """One thread: runs `run`, is stopped by `stop`; `died` gets its name if it fails."""

    def __init__(
        self,
        name: str,
        run: Callable[[], None],
        stop: Callable[[], None],
        died: Callable[[str], None],
    ) -> None:
        self.name = name
        self._run = run
        self._stop = stop
        self._died = died
        # Daemon: a thread stuck in the kernel must not keep the process from ending.
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> None:
        """Let the thread run."""
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the thread to stop, without waiting."""
        self._stop()

    def finish(self, deadline: float) -> bool:
        """Ask the thread to stop, and wait for its end; return whether it came."""
        self.request_stop()
        return self.join(deadline)

    def join(self, deadline: float) -> bool:
        """Wait for its end until `deadline`, in monotonic seconds; return whether it came."""
        if self._thread.ident is not None:
            self._thread.join(max(deadline - time.monotonic(), 0.0))
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def wait(self) -> None:
        """Wait for its end, however long it takes."""
        if self._thread.ident is not None:
            self._thread.join()

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException:
            _logger.exception("%s: failed", self.name)
            self._died(self.name)
