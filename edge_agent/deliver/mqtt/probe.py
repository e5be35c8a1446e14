"""Whether the first broker is well again, while another one is connected."""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.dial import dial

EVERY = 60.0  # s between two looks
WELL = 3  # looks in a row: a broker that restarts again and again is not well
TIMEOUT = 5.0  # s


def takes_connections(address: Address) -> bool:
    """Return whether a TCP connection is possible; it costs the broker nothing else."""
    try:
        dial(address, TIMEOUT).close()
    except (OSError, ValueError):
        return False
    return True


class Probe:
    """Looks at an address now and then, on short threads: a name may take long to resolve."""

    def __init__(
        self,
        address: Address,
        look: Callable[[Address], bool] = takes_connections,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._look = look
        self._monotonic = monotonic
        self._found: SimpleQueue[bool] = SimpleQueue()
        self.begin()

    def begin(self) -> None:
        """Forget what was found, and look later."""
        self._found = SimpleQueue()
        self._successes = 0
        self._next = self._monotonic() + EVERY

    def is_well(self) -> bool:
        """Return whether the last looks all succeeded, without waiting; call it often."""
        try:
            self._successes = self._successes + 1 if self._found.get_nowait() else 0
        except Empty:
            self._look_when_due()
        return self._successes >= WELL

    def _look_when_due(self) -> None:
        if self._monotonic() >= self._next:
            self._next = self._monotonic() + EVERY
            found, address = self._found, self._address
            run = lambda: found.put(self._look(address))  # noqa: E731
            threading.Thread(target=run, name="probe", daemon=True).start()
