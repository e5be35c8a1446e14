"""Where a broker is: URLs, checked before anything connects."""

import math
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from edge_agent.deliver.backoff import CAP, SLOW_CAP
from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.url import bracketed, host_of, port_of

PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
WEB_SOCKET = {"ws", "wss"}
ENCRYPTED = {"mqtts", "wss"}
USUAL_PATH = "/mqtt"
PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:%/-]{0,200}")


class Address(NamedTuple):
    """One broker; with a `path` it is spoken to in WebSockets."""

    host: str
    port: int
    tls: bool
    path: str = ""

    def __str__(self) -> str:
        return f"{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Return host and port as the header Host has them."""
        return f"{bracketed(self.host)}:{self.port}"


class Broker(NamedTuple):
    """Everything that it takes to connect; `addresses` are tried in order.

    Files and variables are read at each connection, so that a password or a certificate may be
    replaced while the agent runs. `versions` holds the MQTT versions to try, as paho numbers them:
    5, then 4 (which is 3.1.1). `reconnect` is the longest pause between two attempts, in seconds.
    `token` makes a password for each connection, which is renewed after so many seconds.
    `protocol_at_443` is what TLS is to announce at that port.
    """

    addresses: tuple[Address, ...]
    client_id: str
    username: str = ""
    password_file: str = ""
    password_env: str = ""
    tls: TlsFiles = TlsFiles()
    keep_alive: float = 30.0
    reconnect: float = CAP
    versions: tuple[int, ...] = (5, 4)
    token: Callable[[], str] | None = None
    renew_after: float = math.inf
    protocol_at_443: str = ""

    def longest_pause(self, *, lasting: bool) -> float:
        """Return the limit of a pause in seconds, longer for what only a person can correct."""
        return max(self.reconnect, SLOW_CAP) if lasting else self.reconnect


def parse_url(url: str) -> Address:
    """Return the address of ``mqtt://host[:port]`` or ``ws://host[:port][/path]``.

    With `mqtts` and `wss`, the connection is encrypted. Raise ValueError, with the remedy.
    """
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; set username and password_file")
    if re.search(r"\s", url):
        raise ValueError("there is a space in it; remove it")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        what = f"the scheme is {parts.scheme!r}" if "://" in url else "there is no scheme"
        raise ValueError(f"{what}; write mqtt:// or mqtts://")
    if "://" not in url:
        raise ValueError(f"two slashes are missing; write {parts.scheme}://host[:port]")
    path = _path(parts)
    host = host_of(parts, f"{parts.scheme}://host[:port]")
    return Address(host, port_of(parts, PORTS), parts.scheme in ENCRYPTED, path)


def _path(parts: SplitResult) -> str:
    if parts.scheme not in WEB_SOCKET:
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("a broker's URL ends after host and port; remove the rest")
        return ""
    if parts.query or parts.fragment:
        raise ValueError("a WebSocket's URL ends after its path; remove the rest")
    if parts.path and not PATH.fullmatch(parts.path):
        raise ValueError("write the path in ASCII, as in /mqtt")
    return parts.path or USUAL_PATH
