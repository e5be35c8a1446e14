"""A look at a server without the Kafka protocol: name, TCP and TLS, each with its own reason."""

import socket
import ssl

from edge_agent.deliver.credentials import tls_context
from edge_agent.deliver.kafka.address import Server
from edge_agent.deliver.kafka.obstacle import KafkaObstacle
from edge_agent.deliver.kafka.target import KafkaTarget
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

SECONDS = 1.5  # an agent that stops waits no longer
ALERT_SECONDS = 0.5  # until a server that misses a certificate says so


def knock(server: Server, target: KafkaTarget) -> None:
    """Connect to a server and leave again; raise KafkaObstacle if something stands in the way."""
    try:
        connection = socket.create_connection(server, timeout=SECONDS)
    except socket.gaierror:
        what = f"no address is known for {server.host}"
        raise KafkaObstacle("url", what, "correct the name, or the network's name server") from None
    except OSError as error:
        what = f"{server}: {error.strerror or error}"
        raise KafkaObstacle("url", what, "check host, port and firewall") from None
    with connection:
        if target.tls:
            _shake_hands(connection, server, _context(target))
        elif _speaks_tls(connection, server):
            raise KafkaObstacle("tls", f"{server} speaks TLS", "set tls = true")


def closed_door(server: Server, target: KafkaTarget) -> KafkaObstacle | None:
    """Return what stands in the way of a connection to a server; None if nothing does."""
    try:
        knock(server, target)
    except KafkaObstacle as found:
        return found
    return None


def _context(target: KafkaTarget) -> ssl.SSLContext:
    try:
        return tls_context(*(expanded(file) for file in target.files))
    except AgentError as error:
        raise KafkaObstacle("ca", error.what, error.remedy) from None


def _shake_hands(connection: socket.socket, server: Server, context: ssl.SSLContext) -> None:
    try:
        with context.wrap_socket(connection, server_hostname=server.host) as secured:
            secured.settimeout(ALERT_SECONDS)
            secured.recv(1)  # a server says nothing first, but may complain
    except TimeoutError:
        return
    except ssl.SSLCertVerificationError as error:
        what = f"the certificate of {server} is not accepted: {error.verify_message}"
        raise KafkaObstacle("ca", what, "set ca, or correct host and clock") from None
    except ssl.SSLError as error:
        raise _tls_obstacle(server, error) from None
    except OSError:
        what = f"{server} ends the TLS handshake"
        raise KafkaObstacle("tls", what, "use the port that speaks TLS") from None


def _tls_obstacle(server: Server, error: ssl.SSLError) -> KafkaObstacle:
    reason = error.reason or str(error)
    if "CERTIFICATE" in reason:
        what = f"{server} wants another client certificate, or one at all"
        return KafkaObstacle("certificate", what, "set certificate and key")
    what = f"{server} ends the TLS handshake: {reason}"
    return KafkaObstacle("tls", what, "use the port that speaks TLS")


def _speaks_tls(connection: socket.socket, server: Server) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with context.wrap_socket(connection, server_hostname=server.host):
            return True
    except OSError:
        return False
