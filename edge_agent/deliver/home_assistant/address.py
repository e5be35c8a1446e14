"""Where Home Assistant is: its URL, checked before anything connects."""

from edge_agent.deliver.url import host_of, port_of
from edge_agent.deliver.web.address import PORTS, HttpAddress, split_url

EXAMPLE = "http://homeassistant.local:8123"
TARGET = "/api/websocket"


def parse_url(url: str) -> HttpAddress:
    """Return the address of the WebSocket behind a URL; raise ValueError if it is none."""
    parts = split_url(url, EXAMPLE, instead="token_file")
    if parts.query or parts.fragment:
        raise ValueError(f"nothing may follow ? or #; write {EXAMPLE}")
    target = parts.path.rstrip("/") + TARGET
    return HttpAddress(
        host_of(parts, EXAMPLE), port_of(parts, PORTS), parts.scheme == "https", target
    )
