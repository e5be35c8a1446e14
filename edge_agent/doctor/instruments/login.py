"""One MQTT connect with the configuration's user and password, as a client of its own."""

import secrets
import ssl
import time
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from edge_agent.deliver.mqtt.address import Address

VERSIONS = (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311)
SILENT = ""


class Login(NamedTuple):
    """Who to log in as, and how long to wait for the broker's word, in seconds."""

    username: str
    password: str
    tls: ssl.SSLContext | None
    patience: float


def log_in(address: Address, login: Login) -> str:
    """Connect and leave again; return "Success", the broker's reason, or SILENT."""
    said = SILENT
    for version in VERSIONS:
        said = _try(address, login, version)
        if said not in {SILENT, "Unsupported protocol version"}:
            break
    return said


def _try(address: Address, login: Login, version: MQTTProtocolVersion) -> str:
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"edge-doctor-{secrets.token_hex(4)}",  # the agent's own would be thrown out
        protocol=version,
        reconnect_on_failure=False,
    )
    client.connect_timeout = login.patience
    if login.username:
        client.username_pw_set(login.username, login.password or None)
    if login.tls is not None:
        client.tls_set_context(login.tls)
    answers: list[str] = []
    client.on_connect = lambda _client, _data, _flags, code, _properties: answers.append(str(code))
    try:
        client.connect(address.host, address.port)
        _wait(client, answers, login.patience)
    except OSError:
        return SILENT
    client.disconnect()
    return answers[0] if answers else SILENT


def _wait(client: paho.Client, answers: list[str], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not answers and (left := deadline - time.monotonic()) > 0:
        if client.loop(left) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return
