"""Where Prometheus reads the metrics."""

from ipaddress import ip_address
from typing import Annotated, NamedTuple

from msgspec import Meta

from edge_agent.config.settings import Settings

LOCAL = "localhost"


class ListenAddress(NamedTuple):
    """An address of this machine, and a port of it."""

    host: str
    port: int


class MetricsSettings(Settings, frozen=True, kw_only=True):
    """`[metrics]`: what the agent does, for Prometheus; off unless `listen` is set."""

    listen: Annotated[
        str,
        Meta(
            description="address and port, such as 127.0.0.1:9273 or [::1]:9273;"
            " 0.0.0.0:9273 serves every network of the machine; default: no metrics"
        ),
    ] = ""


def listen_address(text: str) -> ListenAddress:
    """Return what `HOST:PORT` or `[HOST]:PORT` names; raise ValueError if it is nothing such."""
    host, _, number = text.rpartition(":")
    port = int(number) if number.isascii() and number.isdecimal() else 0
    if not 0 < port < 65_536:
        raise ValueError("no port from 1 to 65535 behind the last colon")
    if (":" in host) != (host[:1] + host[-1:] == "[]"):
        raise ValueError("IPv6 addresses stand in brackets, and no others do")
    host = host.strip("[]")
    if host != LOCAL:
        ip_address(host)
    return ListenAddress(host, port)
