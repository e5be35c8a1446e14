"""Where to connect next: one of several addresses, in one of several MQTT versions."""

from collections import deque
from collections.abc import Sequence

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.lost import Cause

CLOSES = 2  # in a row and without an answer: some brokers refuse a version like this


class Endpoints:
    """Addresses in the order in which they are tried, each with the first version first.

    Only the broker decides on another version, and only for one connection: in MQTT 3.1.1 it
    cannot say that it refuses an event. A close without an answer is a refusal only if the broker
    answers in the other version, and then closes again in the first one.
    """

    def __init__(self, addresses: Sequence[Address], versions: Sequence[int]) -> None:
        self.first = addresses[0]
        self._addresses = deque(addresses)
        self._versions = versions
        self._version = 0
        self._asking_again = self._sure = False
        self._closes = dict.fromkeys(addresses, 0)
        self.count = len(addresses)

    @property
    def current(self) -> tuple[Address, int]:
        """Return the address and the version to try now."""
        return self._addresses[0], self._versions[self._version]

    def opened(self) -> bool:
        """Note a connection; return whether to use it, or to ask for the first version again.

        The next connection begins with the first version in any case.
        """
        usable = self._version == 0 or self._sure
        self._begin_again()
        self._asking_again = not usable
        return usable

    def failed(self, cause: Cause) -> bool:
        """Choose another version if the broker refuses this one; return whether none is left."""
        address = self._addresses[0]
        self._closes[address] = self._closes[address] + 1 if cause == "closed" else 0
        closed = self._closes[address] >= (1 if self._asking_again else CLOSES)
        refused = cause == "version" or closed
        if refused and self._version + 1 < len(self._versions):
            self._sure = cause == "version" or self._asking_again
            self._version += 1
            return False
        if refused:
            self._begin_again()
        self.skip()
        return True

    def skip(self) -> None:
        """Go on to the next address."""
        self._version = 0
        self._asking_again = False
        self._addresses.rotate(-1)

    def go_back(self) -> None:
        """Go back to the first address."""
        while self._addresses[0] != self.first:
            self.skip()

    def _begin_again(self) -> None:
        self._version = 0
        self._asking_again = self._sure = False
        self._closes[self._addresses[0]] = 0
