"""The outputs of one bus: a thread of their own, because a bus may hang and a pin must not wait."""

import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

from edge_agent.clock import Clock, Moment
from edge_agent.evaluate.outputs.switching import Setting, SettingResult, carry_out
from edge_agent.inbox import Incoming


class OutputBus:
    """Carries out settings until the stop item comes; `answer` gets every result.

    A setting takes the place of an earlier one of the same driver that still waits. Of those that
    wait, the ones that switch off come first.
    """

    def __init__(self, name: str, answer: Callable[[SettingResult], None], clock: Clock) -> None:
        self.name = name
        self._answer = answer
        self._clock = clock
        self._inbox: SimpleQueue[Setting | None] = SimpleQueue()
        self._waiting: list[Setting] = []

    def switch(self, setting: Setting, now: Moment) -> None:
        """Hand a setting over to the thread."""
        del now
        self._inbox.put(setting)

    def stop(self) -> None:
        """Ask the thread to end; what still waits is dropped."""
        self._inbox.put(None)

    def run(self) -> None:
        """Carry out settings until the stop item comes."""
        while (setting := self._next()) is not None:
            error = carry_out(setting)
            self._answer(SettingResult(setting.output, setting.number, error, self._clock.now()))

    def _next(self) -> Setting | None:
        """Return the next setting, if need be after a wait; None to stop."""
        for item in self._arrived():
            if item is None:
                return None
            self._waiting = [one for one in self._waiting if not replaces(item, one)] + [item]
        first = first_of(self._waiting)
        self._waiting.remove(first)
        return first

    def _arrived(self) -> list[Setting | None]:
        first = [] if self._waiting else [self._inbox.get()]
        return [*first, *(self._inbox.get() for _ in range(self._inbox.qsize()))]


def replaces(setting: Setting, earlier: Setting) -> bool:
    """Return whether an earlier setting need not be carried out any more."""
    both = setting.value is not None and earlier.value is not None
    return both and setting.driver is earlier.driver


def first_of(waiting: list[Setting]) -> Setting:
    """Return what is next: the first that switches off, but nothing overtakes a release."""
    for one in waiting:
        if one.value is None:
            break
        if one.value <= 0:
            return one
    return waiting[0]


def results(
    inbox: Incoming[object], waits: Callable[[], bool], seconds: float
) -> Iterator[SettingResult]:
    """Yield the results that come while `waits` is true, for so many seconds at most."""
    deadline = time.monotonic() + seconds
    while waits() and (left := deadline - time.monotonic()) > 0:
        try:
            item = inbox.get(timeout=left)
        except Empty:
            return
        if isinstance(item, SettingResult):
            yield item
