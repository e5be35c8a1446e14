"""Where a web server takes events: URLs, checked before anything connects."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from edge_agent.deliver.web.address import PORTS, HttpAddress


def parse_url(url: str) -> HttpAddress:
    """Return the address of ``https://host[:port]/path``; raise ValueError without the URL."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("a URL has ASCII characters only; write others as %XX")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("write https://host/path")
    if "@" in parts.netloc:
        raise ValueError("credentials do not belong in the URL; set token_file or secret_file")
    if parts.fragment:
        raise ValueError("what follows # is never sent to a server; remove it")
    host, tls = _host(parts), parts.scheme == "https"
    if not tls and not is_loopback(host):
        raise ValueError("http:// is for a server on this machine only; write https://")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HttpAddress(host, _port(parts), tls, target)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not re.fullmatch(r"[0-9a-z._:-]+", host):
        raise ValueError("there is no host; write https://host/path")
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError("no host has this name: 1 to 63 characters between two dots") from None
    return host


def _port(parts: SplitResult) -> int:
    try:
        port = PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise ValueError("the port must be a number from 1 to 65535")
    return port
