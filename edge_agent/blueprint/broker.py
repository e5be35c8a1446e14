"""The broker: URLs, TLS files and credentials, read and checked before anything connects."""

import os
import ssl
from pathlib import Path

from edge_agent.config.config import Config
from edge_agent.config.mqtt import MqttSettings
from edge_agent.deliver.mqtt.address import Address, Broker, parse_url, tls_context
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.problems import Problems


def resolve_broker(config: Config, problems: Problems) -> Broker | None:
    """Return all that it takes to connect; None where no URL is right."""
    mqtt = config.mqtt
    addresses = _addresses(mqtt, problems)
    broker = Broker(
        addresses,
        mqtt.client_id or f"edge-{config.node}",
        username=mqtt.username,
        password=_password(mqtt, problems),
        tls=_tls(mqtt, addresses, problems) if addresses else None,
        keep_alive=mqtt.keep_alive,
    )
    return broker if addresses else None


def _addresses(mqtt: MqttSettings, problems: Problems) -> tuple[Address, ...]:
    urls = (mqtt.url,) if isinstance(mqtt.url, str) else mqtt.url
    if not urls:
        problems.note("mqtt.url", [], "no broker; write at least one, as in mqtt://host")
    found = []
    for url in urls:
        try:
            found.append(parse_url(url))
        except ValueError as error:
            problems.note("mqtt.url", url, str(error))
    return tuple(found)


def _tls(
    mqtt: MqttSettings, addresses: tuple[Address, ...], problems: Problems
) -> ssl.SSLContext | None:
    if not any(address.tls for address in addresses):
        for key in ("ca", "certificate", "key"):
            if getattr(mqtt, key):
                problems.note(f"mqtt.{key}", getattr(mqtt, key), "unused; write mqtts:// in url")
        return None
    try:
        return tls_context(*map(expanded, (mqtt.ca, mqtt.certificate, mqtt.key)))
    except AgentError as error:
        problems.add(f"{error.what}; {error.remedy}")
        return None


def _password(mqtt: MqttSettings, problems: Problems) -> str:
    if mqtt.password_env:
        if mqtt.password_env not in os.environ:
            problems.note("mqtt.password_env", mqtt.password_env, "not set in the environment")
        return os.environ.get(mqtt.password_env, "")
    if not mqtt.password_file:
        return ""
    try:
        return Path(expanded(mqtt.password_file)).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        problems.note(
            "mqtt.password_file", mqtt.password_file, f"{reason}; give a readable text file"
        )
        return ""
