"""How many requests an address may make: many at once, few a second for long."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

MOST = 1000  # addresses that are remembered; the one that was heard longest ago is forgotten


class RateLimit:
    """Lets each address make `at_once` requests, and `a_second` more in each second."""

    def __init__(self, at_once: int, a_second: float) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # and when, in s

    def allows(self, address: str, now: float) -> bool:
        """Return whether a request may be made; it counts if it may."""
        key = network(address)
        left = self._refilled(key, now)
        allowed = left >= 1
        self._left[key] = (left - allowed, now)
        self._left.move_to_end(key)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return allowed

    def forgive(self, address: str) -> None:
        """Forget what an address did: it has proved who it is."""
        self._left.pop(network(address), None)

    def _refilled(self, key: str, now: float) -> float:
        left, since = self._left.get(key, (self._at_once, now))
        return min(left + (now - since) * self._a_second, self._at_once)


def is_address(text: str) -> bool:
    """Return whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether a client is on this machine."""
    return is_address(address) and ip_address(address).is_loopback


def network(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that an IPv6 user has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return found.exploded[:19]
    return str(found)
