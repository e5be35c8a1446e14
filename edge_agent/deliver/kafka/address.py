"""Where a topic is: servers and a name, checked before anything connects."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from edge_agent.deliver.url import bracketed, host_of

EXAMPLE = "kafka://host[:port][,host...]/topic"
PORTS = {"kafka": 9092, "eventhubs": 9093}
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


class Server(NamedTuple):
    """A server that a client asks first; it names the others."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


class TopicAddress(NamedTuple):
    """A topic of a cluster; `topic` is empty if the URL names none."""

    servers: tuple[Server, ...]
    topic: str


def parse_url(url: str) -> TopicAddress:
    """Return the address of ``scheme://host[:port][,host...][/topic]``; raise ValueError."""
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; use the keys of the login")
    if re.search(r"\s", url):
        raise ValueError("there is a space in it; remove it")
    scheme, _, rest = url.partition("://")
    if scheme not in PORTS or not rest:
        raise ValueError("write it as in kafka://host[:port][,host...]/topic")
    names, _, topic = rest.partition("/")
    servers = tuple(_server(name, PORTS[scheme]) for name in names.split(","))
    return TopicAddress(servers, topic)


def unusable(topic: str) -> str:
    """Return why no topic can have this name; an empty text if one can."""
    if not topic:
        return "no topic; write it behind the servers, as in kafka://host/events"
    if topic in {".", ".."} or not TOPIC.fullmatch(topic):
        return "a topic has 1 to 249 letters, digits, dots, underscores and hyphens"
    return ""


def _server(name: str, default: int) -> Server:
    try:
        parts = urlsplit(f"//{name}")
        port = default if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise ValueError(f"{name}: the port must be a number from 1 to 65535")
    if not parts.hostname or parts.path or parts.query or parts.fragment:
        raise ValueError("a host is missing or malformed; write kafka://host[:port]/topic")
    return Server(host_of(parts, EXAMPLE), port)
