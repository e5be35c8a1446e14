"""Where a schema registry is."""

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class RegistryAddress(NamedTuple):
    """The address of a registry; `path` comes before those of its interface."""

    host: str
    port: int
    tls: bool
    path: str

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def registry_address(url: str) -> RegistryAddress:
    """Return the address of ``http[s]://host[:port][/path]``; raise ValueError."""
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; set registry_username")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("no URL of a registry; write https://host[:port][/path]")
    if not parts.hostname:
        raise ValueError("there is no host; write https://host[:port][/path]")
    if parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("a registry's URL ends after its path; remove the rest")
    return RegistryAddress(
        parts.hostname, _port(parts), parts.scheme == "https", parts.path.rstrip("/")
    )


def _port(parts: SplitResult) -> int:
    try:
        port = PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise ValueError("the port must be a number from 1 to 65535")
    return port
