"""A TCP connection to a broker: its own, or through the HTTP proxy that the environment names."""

import socket
from base64 import b64encode
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.http_head import exchange
from edge_agent.deliver.mqtt.obstacle import Obstacle
from edge_agent.deliver.url import is_loopback

Connect: TypeAlias = Callable[[tuple[str, int], float], socket.socket]


def dial(
    address: Address, seconds: float, connect: Connect = socket.create_connection
) -> socket.socket:
    """Return a connection; raise OSError."""
    proxy = proxy_of(address)
    if proxy is None:
        return connect((address.host, address.port), seconds)
    try:
        sock = connect(_place(proxy), seconds)
    except OSError as error:
        raise Obstacle(f"{_named(proxy)}: {error}; correct {variable(address)}") from error
    try:
        _ask(sock, proxy, address, seconds)
    except BaseException:
        sock.close()
        raise
    return sock


def proxy_of(address: Address) -> SplitResult | None:
    """Return the URL of the proxy for an address, from `http_proxy` and its like; None if none."""
    if is_loopback(address.host) or proxy_bypass(address.host):
        return None
    url = getproxies().get(variable(address).removesuffix("_proxy"), "")
    return urlsplit(url if "//" in url else f"http://{url}") if url else None


def variable(address: Address) -> str:
    """Return which variable of the environment names the proxy for an address."""
    if not address.path:
        return "mqtt_proxy"
    return "https_proxy" if address.tls else "http_proxy"


def _place(proxy: SplitResult) -> tuple[str, int]:
    try:
        host, port = proxy.hostname, proxy.port or 80
    except ValueError:
        host, port = None, 0
    if proxy.scheme != "http" or not host:
        raise Obstacle("this is no HTTP proxy, as in http://proxy.lan:3128")
    return host, port


def _ask(sock: socket.socket, proxy: SplitResult, address: Address, seconds: float) -> None:
    place = address.authority
    request = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{_login(proxy)}\r\n"
    head = exchange(sock, request, seconds)
    if not 200 <= head.code < 300:
        what = f"{_named(proxy)} answers {head.status!r}"
        raise Obstacle(f"{what}; let it connect to {place}, or add the host to no_proxy")


def _login(proxy: SplitResult) -> str:
    if proxy.username is None:
        return ""
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return f"Proxy-Authorization: Basic {b64encode(login.encode()).decode()}\r\n"


def _named(proxy: SplitResult) -> str:
    """Return how messages name a proxy: its URL may have a password."""
    return f"the proxy {proxy.netloc.rpartition('@')[2]}"
