"""Where a schema registry is."""

from urllib.parse import urlsplit

from edge_agent.deliver.url import host_of, port_of
from edge_agent.deliver.web.address import PORTS, HttpAddress


def registry_address(url: str) -> HttpAddress:
    """Return the address of ``http[s]://host[:port][/path]``; raise ValueError without the URL.

    Its target is the path before those of the registry's interface.
    """
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; set registry_username")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError("no URL of a registry; write https://host[:port][/path]")
    host = host_of(parts, "https://host[:port][/path]")
    if parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("a registry's URL ends after its path; remove the rest")
    tls = parts.scheme == "https"
    return HttpAddress(host, port_of(parts, PORTS), tls, parts.path.rstrip("/"))
