"""How long the sink waits for a server: to a deadline, and not beyond the agent's stop."""

import math
import select
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

SLICE = 0.25  # s between two looks at the agent
STOP_SECONDS = 1.0  # for an answer that is under way when the agent stops

Result = TypeVar("Result")


class Patience:
    """Waits for a socket or a queue; `alive` is called meanwhile, `stopping` ends it soon."""

    def __init__(self, alive: Callable[[], None], stopping: Callable[[], bool]) -> None:
        self._alive = alive
        self._stopping = stopping
        self._deadline = 0.0
        self._what = ""
        self._stop_at = math.inf

    def begin(self, seconds: float, what: str) -> None:
        """Start to wait for at most so many seconds; `what` did not happen if that is over."""
        self._deadline, self._what = time.monotonic() + seconds, f"{what} within {seconds:g} s"

    def wait(self, sock: Any, *, write: bool = False) -> None:  # noqa: ANN401
        """Return when a socket can be read, or written; raise TimeoutError."""
        readers, writers = ([], [sock]) if write else ([sock], [])
        while not any(select.select(readers, writers, [], self.left())):
            self._alive()

    def take(self, queue: "SimpleQueue[Result]") -> Result:
        """Return what a queue brings; raise TimeoutError."""
        while True:
            try:
                return queue.get(timeout=self.left())
            except Empty:
                self._alive()

    def left(self) -> float:
        """Return how many seconds the next wait may take; raise TimeoutError if none are left."""
        now = time.monotonic()
        if self._stopping():
            self._stop_at = min(self._stop_at, now + STOP_SECONDS)
        if now >= self._stop_at:
            raise TimeoutError("the agent stops")
        if now >= self._deadline:
            raise TimeoutError(self._what)
        return min(SLICE, self._deadline - now, self._stop_at - now)
