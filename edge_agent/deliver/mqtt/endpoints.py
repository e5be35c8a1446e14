"""Where to connect next: one of several addresses, in one of several MQTT versions."""

from collections import deque
from collections.abc import Sequence

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.lost import Cause

CLOSES = 2  # in a row and without an answer: some brokers refuse a version like this


class Endpoints:
    """Addresses in the order in which they are tried, each with the first version first.

    Only the broker decides on another version, and only for one connection: in MQTT 3.1.1 it
    cannot say that it refuses an event.
    """

    def __init__(self, addresses: Sequence[Address], versions: Sequence[int]) -> None:
        self.first = addresses[0]
        self._addresses = deque(addresses)
        self._versions = versions
        self._version = 0
        self._closes = dict.fromkeys(addresses, 0)
        self.count = len(addresses)

    @property
    def current(self) -> tuple[Address, int]:
        """Return the address and the version to try now."""
        return self._addresses[0], self._versions[self._version]

    @property
    def fallen_back(self) -> bool:
        """Return whether the current version is not the first one."""
        return self._version > 0

    def opened(self) -> None:
        """Note a connection; the next one begins with the first version again."""
        self._begin_again()

    def failed(self, cause: Cause) -> bool:
        """Choose another version if the broker refuses this one; return whether none is left."""
        address = self._addresses[0]
        self._closes[address] = self._closes[address] + 1 if cause == "closed" else 0
        refused = cause == "version" or self._closes[address] >= CLOSES
        if refused and self._version + 1 < len(self._versions):
            self._version += 1
            return False
        if refused:
            self._begin_again()
        self.skip()
        return True

    def skip(self) -> None:
        """Go on to the next address."""
        self._version = 0
        self._addresses.rotate(-1)

    def go_back(self) -> None:
        """Go back to the first address."""
        while self._addresses[0] != self.first:
            self.skip()

    def _begin_again(self) -> None:
        self._version = 0
        self._closes[self._addresses[0]] = 0
