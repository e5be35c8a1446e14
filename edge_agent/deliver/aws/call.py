"""Calls on threads of their own: their caller can stop to wait for one."""

import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeAlias, TypeVar

from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import SinkUnavailable

WAIT_SECONDS = 0.1
DRAIN_WAITS = 8  # while the agent stops

T = TypeVar("T")
Answer: TypeAlias = tuple[T, None] | tuple[None, Exception]


class AwsCalls(Protocol):
    """What calls an operation of AWS: see `AwsClient`."""

    def call(self, operation: str, parameters: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Return the answer; raise ServiceError or `SinkUnavailable`."""
        ...

    def close(self) -> None:
        """End the connections."""
        ...


def answered(call: Callable[[], T], context: SinkContext, name: str) -> T:
    """Return what a call returns, or raise what it raises; `name` is the sink's.

    Raise `SinkUnavailable` if the agent stops before; the call then ends by its own time-outs.
    """
    answers: SimpleQueue[Answer[T]] = SimpleQueue()
    threading.Thread(target=_run, args=(call, answers), name=f"call {name}", daemon=True).start()
    waits = 0
    while waits < DRAIN_WAITS:
        try:
            found = answers.get(timeout=WAIT_SECONDS)
        except Empty:
            context.alive(name)
            waits += context.stopping()
        else:
            if found[1] is not None:
                raise found[1]
            return found[0]
    raise SinkUnavailable("the agent stops")


def _run(call: Callable[[], T], answers: "SimpleQueue[Answer[T]]") -> None:
    try:
        answers.put((call(), None))
    except Exception as error:  # noqa: BLE001 - the thread that waits raises it
        answers.put((None, error))
