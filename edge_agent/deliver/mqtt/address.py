"""Where a broker is: URLs, checked before anything connects."""

import math
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.url import host_of, port_of

PORTS = {"mqtt": 1883, "mqtts": 8883}


class Address(NamedTuple):
    """One broker."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Broker(NamedTuple):
    """Everything that it takes to connect; `addresses` are tried in order.

    Files and variables are read at each connection, so that a password or a certificate may be
    replaced while the agent runs. `versions` holds the MQTT versions to try, as paho numbers them:
    5, then 4 (which is 3.1.1). `token` makes a password for each connection, which is renewed
    after so many seconds. `protocol_at_443` is what TLS is to announce at that port.
    """

    addresses: tuple[Address, ...]
    client_id: str
    username: str = ""
    password_file: str = ""
    password_env: str = ""
    tls: TlsFiles = TlsFiles()
    keep_alive: float = 30.0
    versions: tuple[int, ...] = (5, 4)
    token: Callable[[], str] | None = None
    renew_after: float = math.inf
    protocol_at_443: str = ""


def parse_url(url: str) -> Address:
    """Return the address of ``mqtt://host[:port]`` or ``mqtts://…``; raise ValueError."""
    if "@" in url:
        raise ValueError("credentials do not belong in the URL; set username and password_file")
    if re.search(r"\s", url):
        raise ValueError("there is a space in it; remove it")
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        what = f"the scheme is {parts.scheme!r}" if parts.scheme else "there is no scheme"
        raise ValueError(f"{what}; write mqtt:// or mqtts://")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("a broker's URL ends after host and port; remove the rest")
    return Address(
        host_of(parts, "mqtt://host[:port]"), port_of(parts, PORTS), parts.scheme == "mqtts"
    )
