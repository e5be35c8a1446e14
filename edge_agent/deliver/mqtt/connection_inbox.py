"""What reaches the connection's thread, which waits for its socket at the same time."""

import math
import select
import time
from queue import SimpleQueue
from typing import TypeAlias

from edge_agent.deliver.mqtt.job import Job
from edge_agent.deliver.mqtt.wake_up import WakeUp
from edge_agent.deliver.sink import Post
from edge_agent.events import Reading
from edge_agent.inbox import GATHERED, arrived

ConnectionItem: TypeAlias = Job | Post | None


class ConnectionInbox:
    """A queue with a descriptor that `select` takes; the latest values are gathered for 20 ms.

    The first reading wakes the thread. Then the thread looks by itself when it is time, until
    there was none. All else wakes it at once. A thread that is woken already is not woken again.
    """

    def __init__(self) -> None:
        self._items: SimpleQueue[ConnectionItem] = SimpleQueue()
        self._wake = WakeUp()
        # A thread that puts looks at these afterwards; the reader sets them before it takes.
        self._gathering = self._woken = False
        self._look_at = math.inf

    def put(self, item: ConnectionItem) -> None:
        """Hand something over, from any thread."""
        self._items.put(item)
        if not (self._woken or (self._gathering and isinstance(item, Reading))):
            self._woken = True
            self._wake.set()

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is something to take."""
        return self._wake.fileno()

    def patience(self) -> float:
        """Return for how many seconds at most the thread may wait for the descriptor."""
        return max(self._look_at - time.monotonic(), 0.0)

    def rest(self, seconds: float) -> None:
        """Wait so long, unless there is something to take."""
        select.select([self._wake], [], [], seconds)

    def take(self) -> list[ConnectionItem]:
        """Return what is to be taken now."""
        now = time.monotonic()
        if not self._wake.clear() and now < self._look_at:
            return []
        self._woken = False
        taken = [*arrived(self._items)]
        self._gathering = any(isinstance(one, Reading) for one in taken)
        self._look_at = now + GATHERED if self._gathering else math.inf
        # Those that came before the flag was seen do not wake the thread.
        return taken if self._gathering else [*taken, *arrived(self._items)]

    def wait(self, seconds: float) -> ConnectionItem:
        """Return the next item; raise Empty if none comes for so long."""
        return self._items.get(timeout=seconds)
