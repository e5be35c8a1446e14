"""The parts of a URL that mean the same in every scheme: host and port, checked."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import SplitResult

from edge_agent.keys import REDACTED, has_credentials

BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%\w+)?")
NUMBERS = re.compile(r"[0-9.]+")
NAME = re.compile(r"[\w.-]+")


def host_of(parts: SplitResult, example: str) -> str:
    """Return the host; raise ValueError, with how to write one, if there is none or it is none."""
    if BARE_IPV6.fullmatch(parts.netloc):
        raise ValueError("an IPv6 address stands in brackets, as in [::1] or [::1]:1883")
    host = parts.hostname or ""
    if not host:
        raise ValueError(f"there is no host; write {example}")
    if why := _no_host(host):
        raise ValueError(why)
    return host


def _no_host(host: str) -> str:
    """Return why no host has this name or address; "" if one may have it.

    Without the check, the resolver reads 192.168.1 as 192.168.0.1, and 010 as 8.
    """
    try:
        host.encode("idna")
        if ":" in host or NUMBERS.fullmatch(host):
            ipaddress.ip_address(host)
    except UnicodeError:
        return "no host has this name: 1 to 63 characters between two dots"
    except ValueError:
        return "no host has this address; write one such as 192.168.1.5 or [::1]"
    if "$" in host or "{" in host:
        return "a variable is not filled in here; write the name of the host itself"
    if ":" not in host and not NAME.fullmatch(host):
        return "the name of a host has letters, digits, - and dots"
    return ""


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


def without_credentials(url: str) -> str:
    """Return a URL without what may be a password, which may itself have @ and / in it."""
    scheme, found, rest = url.partition("//") if "//" in url else ("", "", url)
    login, _, place = rest.rpartition("@")
    shown = f"{scheme}{found}{REDACTED}@{place}" if login else url
    before, _, query = shown.partition("?")
    return f"{before}?{REDACTED}" if has_credentials(f"?{query}") else shown


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
