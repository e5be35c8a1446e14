"""Where a broker is: URLs, checked before anything connects."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

PORTS = {"amqp": 5672, "amqps": 5671}
LONGEST = 255  # bytes of a name in AMQP 0-9-1


class AmqpAddress(NamedTuple):
    """One broker, and its virtual host."""

    host: str
    port: int
    vhost: str
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


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
    return AmqpAddress(_host(parts), _port(parts), _vhost(parts), parts.scheme == "amqps")


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host:
        raise ValueError("there is no host; write amqp://host[:port][/vhost]")
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


def _vhost(parts: SplitResult) -> str:
    """Return the virtual host: ``/``, RabbitMQ's default, without a path or with an empty one."""
    path = parts.path.removeprefix("/")
    if "/" in path:
        raise ValueError("a virtual host is one part of a path; write %2F for a slash in its name")
    vhost = unquote(path) or "/"
    if len(vhost.encode()) > LONGEST:
        raise ValueError(f"the name of the virtual host has more than {LONGEST} bytes; shorten it")
    return vhost
