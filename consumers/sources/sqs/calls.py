"""Calls on threads of their own, whose outcomes come back to the thread that began them."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from edge_agent.errors import SinkUnavailable

T = TypeVar("T")


class BackgroundCalls:
    """At most one call under way for each purpose; one thread alone uses the object."""

    def __init__(self) -> None:
        self._under_way: set[str] = set()
        self._finished: SimpleQueue[tuple[str, Callable[[], None]]] = SimpleQueue()

    def busy(self, purpose: str = "") -> bool:
        """Return whether a call for a purpose, or any call, is under way."""
        return purpose in self._under_way if purpose else bool(self._under_way)

    def begin(
        self,
        purpose: str,
        call: Callable[[], T],
        then: Callable[[T], None],
        failed: Callable[[SinkUnavailable], None],
    ) -> None:
        """Begin a call; `finish_one` passes its outcome to `then` or `failed`."""
        self._under_way.add(purpose)

        def run() -> None:
            self._finished.put((purpose, _outcome(call, then, failed)))

        threading.Thread(target=run, name=f"sqs {purpose}", daemon=True).start()

    def finish_one(self, seconds: float) -> bool:
        """Wait for the end of a call, and pass its outcome on; return whether one has ended."""
        try:
            purpose, pass_on = self._finished.get(timeout=seconds)
        except Empty:
            return False
        self._under_way.discard(purpose)
        pass_on()
        return True


def _outcome(
    call: Callable[[], T],
    then: Callable[[T], None],
    failed: Callable[[SinkUnavailable], None],
) -> Callable[[], None]:
    try:
        found = call()
    except SinkUnavailable as error:
        reason = error
        return lambda: failed(reason)
    except Exception as error:  # noqa: BLE001 - the thread that waits raises it
        unforeseen = error
        return lambda: _raise(unforeseen)
    return lambda: then(found)


def _raise(error: Exception) -> Any:  # noqa: ANN401
    raise error
