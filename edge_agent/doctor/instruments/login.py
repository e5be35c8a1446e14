"""One MQTT login with the configured user and password, under a separate client id."""

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
    """The user to log in as, and how long to wait for the broker's answer, in seconds."""

    username: str
    password: str
    tls: ssl.SSLContext | None
    timeout: float


def log_in(address: Address, login: Login) -> str:
    """Connect and disconnect; return "Success", the broker's reason for refusing, or SILENT."""
    answer = SILENT
    for version in VERSIONS:
        answer = _try(address, login, version)
        if answer not in {SILENT, "Unsupported protocol version"}:
            break
    return answer


def _try(address: Address, login: Login, version: MQTTProtocolVersion) -> str:
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        # Not the agent's id: the broker would disconnect the agent
        client_id=f"edge-doctor-{secrets.token_hex(4)}",
        protocol=version,
        reconnect_on_failure=False,
    )
    client.connect_timeout = login.timeout
    if login.username:
        client.username_pw_set(login.username, login.password or None)
    if login.tls is not None:
        client.tls_set_context(login.tls)
    answers: list[str] = []
    client.on_connect = lambda _client, _data, _flags, code, _properties: answers.append(str(code))
    try:
        client.connect(address.host, address.port)
        _wait(client, answers, login.timeout)
    except OSError:
        return SILENT
    client.disconnect()
    return answers[0] if answers else SILENT


def _wait(client: paho.Client, answers: list[str], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not answers and (left := deadline - time.monotonic()) > 0:
        if client.loop(left) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return
