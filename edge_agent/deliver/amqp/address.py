"""Where a broker is: URLs, checked before anything connects."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from edge_agent.deliver.url import bracketed, host_of, port_of

PORTS = {"amqp": 5672, "amqps": 5671}
EXAMPLE = "amqp://host[:port][/vhost]"
LONGEST = 255  # bytes of a name in AMQP 0-9-1


class AmqpAddress(NamedTuple):
    """One broker, and its virtual host."""

    host: str
    port: int
    vhost: str
    tls: bool

    def __str__(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"


def parse_url(url: str) -> AmqpAddress:
    """Return the address of ``amqp://host[:port][/vhost]`` or ``amqps://…``; raise ValueError."""
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; set username and password_file")
    if re.search(r"\s", url):
        raise ValueError("there is a space in it; remove it, or write %20 in a virtual host")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        what = f"the scheme is {parts.scheme!r}" if parts.scheme else "there is no scheme"
        raise ValueError(f"{what}; write amqp:// or amqps://")
    if parts.query or parts.fragment:
        raise ValueError("the URL ends after the virtual host; remove the rest")
    return AmqpAddress(
        host_of(parts, EXAMPLE), port_of(parts, PORTS), _vhost(parts), parts.scheme == "amqps"
    )


def _vhost(parts: SplitResult) -> str:
    """Return the virtual host: ``/``, RabbitMQ's default, without a path or with an empty one."""
    path = parts.path.removeprefix("/")
    if "/" in path:
        raise ValueError("a virtual host is one part of a path; write %2F for a slash in its name")
    vhost = unquote(path) or "/"
    if len(vhost.encode()) > LONGEST:
        raise ValueError(f"the name of the virtual host has more than {LONGEST} bytes; shorten it")
    return vhost
