"""Why there is no connection to a broker, in plain words, with the remedy."""

import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.lost import Cause, ConnectionLost
from edge_agent.deliver.mqtt.obstacle import Obstacle
from edge_agent.deliver.web.failures import explain

UNSAID = {"Unspecified error", "Normal disconnection", "Success"}  # what paho makes of a bare close
# Reason codes of MQTT 5 that concern the message itself; everything else may pass later.
FINAL = {0x90, 0x95, 0x99}  # topic name invalid, packet too large, payload format invalid
CAUSES: dict[int, Cause] = {0x84: "version", 0x9A: "retain"}
PASSING = {0x80, 0x83, 0x88, 0x89, 0x97, 0x9F}  # unspecified, unavailable, busy, quota, rate
LOGIN_REFUSALS = {0x86, 0x87}  # bad user name or password, not authorized
WITHOUT_TLS = "is this port for TLS? then write mqtts:// in url"
WITH_TLS = "is this port for TLS? otherwise write {scheme}:// in url"


def unreachable(address: Address, error: OSError | ValueError) -> ConnectionLost:
    """Return why no connection to an address could begin; a ValueError is of its name."""
    if isinstance(error, Obstacle):
        return ConnectionLost(f"{address}: {error}")
    named = isinstance(error, socket.gaierror | ValueError) and not isinstance(error, ssl.SSLError)
    cause: Cause = "name" if named else "other"
    what, remedy = explain(error)
    if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
        remedy = WITH_TLS.format(scheme="ws" if address.path else "mqtt")
    return ConnectionLost(f"{address}: {what}; {remedy}", cause)


def refused(address: Address, failure: OSError | None, lost: ConnectionLost) -> ConnectionLost:
    """Return why a connection ended before the broker answered.

    In TLS 1.3, a client's certificate is refused only after the handshake.
    """
    if isinstance(failure, ssl.SSLError):
        what, remedy = explain(failure)
        return ConnectionLost(f"{address}: {what}; {remedy}", "login")
    hint = "" if address.tls or address.path else f" without an answer; {WITHOUT_TLS}"
    return ConnectionLost(f"{lost}{hint}", "closed")


def silent(address: Address, seconds: float) -> ConnectionLost:
    """Return what it means that a connection is taken, but no login is answered."""
    what = f"{address} takes the connection, but does not answer within {seconds:.0f} s"
    other = "" if address.tls or address.path else f"; {WITHOUT_TLS}"
    return ConnectionLost(f"{what}; restart the broker if it hangs{other}")


def unwelcome(address: Address, code: ReasonCode) -> str:
    """Return what it means that the broker answers a connection with this code."""
    login = code.value in LOGIN_REFUSALS
    remedy = "; check username and password_file, or the broker's access rules" if login else ""
    return f"{address} refuses: {code}{remedy}"


def unsubscribed(topic: str, reason: str) -> str:
    """Return what it means that the broker refuses a subscription."""
    what = f"the broker does not let this client subscribe to {topic} ({reason})"
    return f"{what}: nothing arrives from there; allow it in the broker's access rules"
