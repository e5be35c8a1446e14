"""What becomes of messages that were received: deleted, kept ours, or given back."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from consumers.sources.sqs.leases import MOST_ENTRIES, Leases
from consumers.sources.sqs.queue import BatchAnswer, SqsQueue

VISIBILITY = 60  # s for which a message is ours
EXTEND_AT = 30.0  # s before the end


class SettlingCall(NamedTuple):
    """A request, and what takes note of its answer."""

    call: Callable[[], BatchAnswer]
    note: Callable[[BatchAnswer], None]


class HeldMessages:
    """The messages of a queue that are not deleted yet, by receipt handle; `len` counts them."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._leases = Leases()
        self._done: dict[str, None] = {}  # in order

    def __len__(self) -> int:
        return len(self._leases) + len(self._done)

    def hold(self, handle: str, since: float) -> None:
        """Note a message that was asked for at a time."""
        self._leases.add(handle, since + VISIBILITY)

    def delete(self, handles: Sequence[str]) -> None:
        """Let the next requests delete messages."""
        self._leases.remove(handles)
        self._done.update(dict.fromkeys(handles))

    def next(self, queue: SqsQueue) -> SettlingCall | None:
        """Return the request that is due: a deletion, or an extension."""
        return self._deletion(queue) or self._extension(queue)

    def last(self, queue: SqsQueue) -> SettlingCall | None:
        """Return the next request before the end: a deletion, or what gives messages back."""
        return self._deletion(queue) or self._return(queue)

    def _deletion(self, queue: SqsQueue) -> SettlingCall | None:
        handles = list(islice(self._done, MOST_ENTRIES))
        if not handles:
            return None
        return SettlingCall(lambda: queue.delete(handles), self._deleted)

    def _extension(self, queue: SqsQueue) -> SettlingCall | None:
        now = self._monotonic()
        handles = self._leases.ending(now + EXTEND_AT)
        if not handles:
            return None

        def note(answer: BatchAnswer) -> None:
            self._leases.extend(answer.confirmed, now + VISIBILITY)
            self._leases.remove(answer.refused)  # these arrive again

        return SettlingCall(lambda: queue.keep(handles, VISIBILITY), note)

    def _return(self, queue: SqsQueue) -> SettlingCall | None:
        handles = self._leases.ending(float("inf"))
        if not handles:
            return None

        def note(_answer: BatchAnswer) -> None:
            self._leases.remove(handles)  # what SQS has not given back, it does after the time-out

        return SettlingCall(lambda: queue.keep(handles, 0), note)

    def _deleted(self, answer: BatchAnswer) -> None:
        """Forget what is deleted, and what was another reader's meanwhile: that arrives again."""
        for handle in (*answer.confirmed, *answer.refused):
            self._done.pop(handle, None)
