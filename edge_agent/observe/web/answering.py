"""The threads in which views answer: what blocks there does not block the web thread."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from edge_agent.observe.web.request import Refusal
from edge_agent.threads import Worker

THREADS = 2
WAITING = 40  # calls that wait for a thread
BUSY = "too many requests wait for an answer; try again in a moment"

T = TypeVar("T")


class AnswerCall(NamedTuple):
    """What to call, and where its result goes."""

    function: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    result: asyncio.Future[Any]


class AnswerThreads:
    """Calls functions for the web thread, few at once; `died` gets the name of a failed thread."""

    def __init__(self, died: Callable[[str], None]) -> None:
        self._calls: SimpleQueue[AnswerCall | None] = SimpleQueue()
        end = partial(self._calls.put, None)
        names = [f"web {number}" for number in range(1, THREADS + 1)]
        self._workers = [Worker(name, self._run, end, died) for name in names]

    def start(self) -> None:
        """Start the threads."""
        for worker in self._workers:
            worker.start()

    def stop(self, deadline: float) -> None:
        """End the threads; one that is stuck on a disk ends with the process."""
        for worker in self._workers:
            worker.request_stop()
        for worker in self._workers:
            worker.join(deadline)

    async def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns, or raise what it raises; Refusal if too many wait."""
        if self._calls.qsize() >= WAITING:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._calls.put(AnswerCall(function, loop, result))
        return await result

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                settle = partial(_settle, call.result, call.function())
            except Exception as error:  # noqa: BLE001 - the web thread decides what it means
                settle = partial(_fail, call.result, error)
            with suppress(RuntimeError):  # the loop has ended
                call.loop.call_soon_threadsafe(settle)


def _settle(result: asyncio.Future[Any], value: object) -> None:
    if not result.done():
        result.set_result(value)


def _fail(result: asyncio.Future[Any], error: Exception) -> None:
    if not result.done():
        result.set_exception(error)
