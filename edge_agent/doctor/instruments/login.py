"""One MQTT login with the configured user and password, under a separate client id."""

import secrets
import ssl
import time
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.dialing_client import DialingClient
from edge_agent.deliver.mqtt.endpoints import Endpoints
from edge_agent.deliver.mqtt.lost import Cause

SILENT = ""
SUCCESS = "Success"
ATTEMPTS = 6  # more than it takes to find out that a broker closes instead of refusing a version


class Login(NamedTuple):
    """The user to log in as, the MQTT versions, and how long to wait, in seconds."""

    username: str
    password: str
    tls: ssl.SSLContext | None
    versions: tuple[int, ...]
    timeout: float


class Attempt(NamedTuple):
    """What became of a login: "Success", the broker's reason for refusing, or SILENT."""

    answer: str
    version: int
    closed: bool = False  # without an answer

    @property
    def cause(self) -> Cause:
        """Return what it says about the next attempt."""
        if self.answer == "Unsupported protocol version":
            return "version"
        return "closed" if self.closed else "other"


def log_in(address: Address, login: Login) -> Attempt:
    """Connect and disconnect, in the version that the agent would use; return the last attempt."""
    endpoints = Endpoints((address,), login.versions)
    for _ in range(ATTEMPTS):
        attempt = _try(address, login, endpoints.current[1])
        if attempt.answer == SUCCESS:
            if endpoints.opened():
                break
        elif endpoints.failed(attempt.cause) and not attempt.closed:
            break
    return attempt


def _try(address: Address, login: Login, version: int) -> Attempt:
    answers: list[str] = []
    client = client_of(address, login, version)
    client.on_connect = lambda _client, _data, _flags, code, _properties: answers.append(str(code))
    try:
        client.connect(address.host, address.port)
        closed = _wait(client, answers, login.timeout)
    except OSError:
        return Attempt(SILENT, version)
    client.disconnect()
    return Attempt(answers[0] if answers else SILENT, version, closed)


def client_of(address: Address, login: Login, version: int) -> paho.Client:
    """Return a client that can log in, under an id of its own."""
    client = DialingClient(
        CallbackAPIVersion.VERSION2,
        # Not the agent's id: the broker would disconnect the agent
        client_id=f"edge-doctor-{secrets.token_hex(4)}",
        protocol=MQTTProtocolVersion(version),
        reconnect_on_failure=False,
    )
    client.address = address
    client.connect_timeout = login.timeout
    if login.username:
        client.username_pw_set(login.username, login.password or None)
    if login.tls is not None:
        client.tls_set_context(login.tls)
    return client


def _wait(client: paho.Client, answers: list[str], timeout: float) -> bool:
    """Wait for an answer; return whether the broker closed the connection without one."""
    deadline = time.monotonic() + timeout
    while not answers and (left := deadline - time.monotonic()) > 0:
        if client.loop(left) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return not answers
    return False
