"""paho's client, with bounds on what a broker can make it keep: for the agent and for consumers.

paho has no public way to that, so some of its private methods are overridden; the tests with a
hostile broker fail if a new paho no longer calls them.
"""

import logging
import ssl
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.deliver.credentials import read_password, tls_context
from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.deliver.mqtt.dialing_client import DialingClient
from edge_agent.errors import AgentError
from edge_agent.keys import named
from edge_agent.paths import expanded

PUBLISH, QOS_2 = 0x30, 0x04
HTTPS = 443  # the port that firewalls let pass

_logger = logging.getLogger(__name__)


# Called for every packet, some of them several times: by name they cost half of what `super` does.
_handle, _receive = paho.Client._packet_handle, paho.Client._sock_recv  # noqa: SLF001


class TlsSocket(ssl.SSLSocket):
    """Closes itself if the handshake fails: paho drops it as it is."""

    def do_handshake(self, block: bool = False) -> None:
        """Do it; raise what it raises."""
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class BoundedReceiver(DialingClient):
    """Keeps no more than the first `largest` bytes of a packet.

    `window` is how many messages the broker may send before the first is acknowledged; `clean` is
    what MQTT 3.1.1 says at CONNECT, and MQTT 5 calls clean start. With `manual`, a message is
    acknowledged by `ack` alone, not when it has arrived.
    """

    def __init__(
        self,
        client_id: str,
        version: int,
        *,
        largest: int,
        window: int,
        clean: bool,
        manual: bool = False,
    ) -> None:
        self._largest = largest
        self._receive_window = window
        self.failure: OSError | None = None
        protocol = MQTTProtocolVersion(version)
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            reconnect_on_failure=False,
            clean_session=None if protocol is MQTTProtocolVersion.MQTTv5 else clean,
            manual_ack=manual,
        )

    def authenticate(self, broker: Broker, address: Address) -> None:
        """Read password and TLS files afresh, as they may have been replaced; raise AgentError."""
        self.address = address
        try:
            if broker.username:
                self.username_pw_set(broker.username, _password(broker) or None)
            if address.tls:
                context = tls_context(*map(expanded, broker.tls))
                context.sslsocket_class = TlsSocket
                if broker.protocol_at_443 and address.port == HTTPS:
                    context.set_alpn_protocols([broker.protocol_at_443])
                self.tls_set_context(context)
        except AgentError as error:
            raise AgentError(f"the password or a TLS file cannot be read: {error}") from error

    def limits(self) -> Properties | None:
        """Return what CONNECT says about the largest packet and the window, in MQTT 5."""
        if self.protocol is not MQTTProtocolVersion.MQTTv5:
            return None
        found: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        found.MaximumPacketSize = self._largest
        found.ReceiveMaximum = self._receive_window
        result: Properties = found
        return result

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > self._largest:
            del self._in_packet["packet"][self._largest :]
            bufsize = self._largest
        try:
            return _receive(self, bufsize)
        except BlockingIOError:
            raise
        except OSError as error:
            self.failure = error  # paho only logs it
            raise

    def _packet_handle(self) -> MQTTErrorCode:
        command = self._in_packet["command"]
        if command & 0xF0 == PUBLISH and command & QOS_2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # nothing is subscribed with QoS 2
        try:
            return _handle(self)
        except Exception:
            _logger.debug("a packet from the broker cannot be read", exc_info=True)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL


def _password(broker: Broker) -> str:
    if broker.token is not None:
        return broker.token()
    try:
        return read_password(broker.password_file, broker.password_env)
    except AgentError as error:
        raise AgentError(f"{_password_key(broker)}: {error}") from None


def _password_key(broker: Broker) -> str:
    return "password_env" if broker.password_env else named("password_file", broker.password_file)
