"""The parts of a URL that mean the same in every scheme: host and port, checked."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult

from edge_agent.keys import REDACTED


def host_of(parts: SplitResult, example: str) -> str:
    """Return the host; raise ValueError, with how to write one, if there is none or it is none."""
    host = parts.hostname or ""
    if not host:
        raise ValueError(f"there is no host; write {example}")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError("no host has this name: 1 to 63 characters between two dots") from None
    return host


def bracketed(host: str) -> str:
    """Return a host as URLs write it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def port_of(parts: SplitResult, ports: Mapping[str, int]) -> int:
    """Return the port, or that of the scheme in `ports`; raise ValueError if it is none."""
    try:
        port = ports[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise ValueError("the port must be a number from 1 to 65535")
    return port


def without_userinfo(url: str) -> str:
    """Return a URL without what may be a password, which may itself have @ and / in it."""
    scheme, found, rest = url.partition("//")
    return f"{scheme}//{REDACTED}@{rest.rpartition('@')[2]}" if found and "@" in rest else url


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
