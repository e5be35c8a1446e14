"""Where to connect next: one of several addresses, in one of several MQTT versions."""

from collections import deque
from collections.abc import Sequence

from edge_agent.deliver.mqtt.address import Address


class Endpoints:
    """Addresses and versions in the order in which they are tried."""

    def __init__(self, addresses: Sequence[Address], versions: Sequence[int]) -> None:
        self._addresses = deque(addresses)
        self._versions = deque(versions)
        self._first = versions[0]
        self.count = len(addresses) * len(versions)

    @property
    def current(self) -> tuple[Address, int]:
        """Return the address and the version to try now."""
        return self._addresses[0], self._versions[0]

    def failed(self, *, version_refused: bool) -> None:
        """Turn to the other version of the same address if that may help, else to the next."""
        if version_refused and len(self._versions) > 1:
            self._versions.rotate(-1)
            if self._versions[0] != self._first:
                return
        self._addresses.rotate(-1)
