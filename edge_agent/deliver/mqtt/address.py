"""Where a broker is: URLs, TLS files and credentials, checked before anything connects."""

import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from edge_agent.errors import AgentError

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

    `versions` holds the MQTT versions to try, as paho numbers them: 5, then 4 (which is 3.1.1).
    """

    addresses: tuple[Address, ...]
    client_id: str
    username: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None
    keep_alive: float = 30.0
    versions: tuple[int, ...] = (5, 4)


def parse_url(url: str) -> Address:
    """Return the address of ``mqtt://host[:port]`` or ``mqtts://…``; raise ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise ValueError(f"the scheme is {parts.scheme or 'missing'!r}; write mqtt:// or mqtts://")
    if not parts.hostname:
        raise ValueError("there is no host; write mqtt://host[:port]")
    if parts.username or parts.password:
        raise ValueError("credentials do not belong into the URL; set username and password_file")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise ValueError("the port must be a number from 1 to 65535") from None
    return Address(parts.hostname, port, parts.scheme == "mqtts")


def tls_context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    """Return the context for mqtts; raise AgentError naming the file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise AgentError(f"mqtt.ca = {ca}: {_reason(error)}", "give a readable PEM file") from None
    if certificate or key:
        _load_client_certificate(context, certificate, key)
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    for name, file in (("certificate", certificate), ("key", key)):
        try:
            Path(file).read_bytes()
        except OSError as error:
            raise AgentError(
                f"mqtt.{name} = {file}: {_reason(error)}", "give a readable PEM file"
            ) from None
    try:
        context.load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError) as error:
        raise AgentError(
            f"mqtt.certificate = {certificate}, mqtt.key = {key}: {_reason(error)}",
            "the two must be PEM files, belong together, and have no passphrase",
        ) from None


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)
