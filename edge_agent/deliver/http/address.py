"""Where a web server takes events: URLs, checked before anything connects."""

import re
from urllib.parse import SplitResult

from edge_agent.deliver.url import host_of, is_loopback, port_of
from edge_agent.deliver.web.address import PORTS, HttpAddress, split_url

EXAMPLE = "https://host/path"


def parse_url(url: str) -> HttpAddress:
    """Return the address of ``https://host[:port]/path``; raise ValueError without the URL."""
    parts = split_url(url, EXAMPLE, instead="token_file or secret_file")
    if parts.fragment:
        raise ValueError("what follows # is never sent to a server; remove it")
    host, tls = _host(parts), parts.scheme == "https"
    if not tls and not is_loopback(host):
        raise ValueError("http:// is for a server on this machine only; write https://")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HttpAddress(host, port_of(parts, PORTS), tls, target)


def _host(parts: SplitResult) -> str:
    if not re.fullmatch(r"[0-9a-z._:-]+", parts.hostname or ""):
        raise ValueError(f"there is no host; write {EXAMPLE}")
    return host_of(parts, EXAMPLE)
