"""The thread in which simulated hardware moves, and in which it is changed."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeAlias, TypeVar

STEP_SECONDS = 0.05
CALL_SECONDS = 30.0

T = TypeVar("T")
Job: TypeAlias = tuple[Callable[[], Any], "Future[Any]"]


class StepThread:
    """Calls `step` every 50 ms, and runs what other threads ask for in between."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="scenario", daemon=True)

    def start(self, watch: Callable[[], None] = lambda: None) -> None:
        """Begin; call `watch` after each step."""
        self._watch = watch
        self._thread.start()

    def call(self, work: Callable[[], T]) -> T:
        """Run `work` between two steps and return its result.

        Raises what `work` raises, and TimeoutError if the thread has ended.
        """
        done: Future[T] = Future()
        self._jobs.put((work, done))
        return done.result(CALL_SECONDS)

    def close(self) -> None:
        """End the thread, if it has begun."""
        self._jobs.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self._step()
            self._watch()
            try:
                job = self._jobs.get(timeout=STEP_SECONDS)
            except Empty:
                continue
            if job is None:
                return
            _complete(*job)


def _complete(work: Callable[[], Any], done: "Future[Any]") -> None:
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - it is the caller's
        done.set_exception(error)
