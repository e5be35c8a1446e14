"""Where Home Assistant is: its URL, checked before anything connects."""

from urllib.parse import urlsplit

from edge_agent.deliver.url import host_of, port_of
from edge_agent.deliver.web.address import PORTS, HttpAddress

EXAMPLE = "http://homeassistant.local:8123"
TARGET = "/api/websocket"


def parse_url(url: str) -> HttpAddress:
    """Return the address of the WebSocket behind a URL; raise ValueError if it is none."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("a URL has ASCII characters only; write others as %XX")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError(f"write {EXAMPLE}")
    if "@" in parts.netloc:
        raise ValueError("credentials do not belong in the URL; set token_file")
    if parts.query or parts.fragment:
        raise ValueError(f"nothing may follow ? or #; write {EXAMPLE}")
    target = parts.path.rstrip("/") + TARGET
    return HttpAddress(
        host_of(parts, EXAMPLE), port_of(parts, PORTS), parts.scheme == "https", target
    )
