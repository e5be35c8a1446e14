"""Where a server of the agent listens."""

from ipaddress import ip_address
from typing import NamedTuple

LOCAL = "localhost"


class ListenAddress(NamedTuple):
    """An address of this machine, and a port of it."""

    host: str
    port: int

    @property
    def local(self) -> bool:
        """Return whether only this machine reaches it."""
        return self.host == LOCAL or ip_address(self.host).is_loopback

    @property
    def everywhere(self) -> bool:
        """Return whether it is every address of this machine."""
        return self.host != LOCAL and ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        """Return it as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen_address(text: str) -> ListenAddress:
    """Return what `HOST:PORT` or `[HOST]:PORT` names; raise ValueError if it is nothing such."""
    if "://" in text:
        raise ValueError("an address and a port are wanted, not a URL")
    host, _, number = text.rpartition(":")
    port = int(number) if number.isascii() and number.isdecimal() else 0
    if not 0 < port < 65_536:
        raise ValueError("no port from 1 to 65535 behind the last colon")
    if (":" in host) != (host[:1] + host[-1:] == "[]"):
        raise ValueError("IPv6 addresses stand in brackets, and no others do")
    host = host.strip("[]")
    if host != LOCAL and not _is_address(host):
        raise ValueError("no address of this machine is before the last colon")
    return ListenAddress(host, port)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
