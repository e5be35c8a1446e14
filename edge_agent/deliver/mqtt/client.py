"""paho's client, with bounds on what a broker can make it keep, and a count of what it sent.

paho has no public way to either, so some of its private methods are overridden; the tests with a
hostile broker and with a slow one fail if a new paho no longer calls them.
"""

import array
import fcntl
import logging
import socket
import termios
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.deliver.mqtt.address import Address, Broker, read_password, tls_context
from edge_agent.deliver.mqtt.lost import ConnectionLost
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

LARGEST_RECEIVED = 32_768  # bytes of a packet from the broker: commands are short
INBOUND_WINDOW = 20  # commands that the broker sends before the first is acknowledged
PUBLISH, QOS_2 = 0x30, 0x04

_logger = logging.getLogger(__name__)


# Called for every packet, some of them several times: by name they cost half of what `super` does.
_queue, _handle = paho.Client._packet_queue, paho.Client._packet_handle  # noqa: SLF001
_send, _receive = paho.Client._sock_send, paho.Client._sock_recv  # noqa: SLF001


class BoundedClient(paho.Client):
    """Keeps no more than the start of a packet that is too large.

    Such a packet is still acknowledged: a retained one would come back at every connection.
    """

    def __init__(self, client_id: str, version: int) -> None:
        self.queued = self._written_bytes = 0  # bytes that were ever to be sent, and that were
        self.moving = False  # bytes are under way: silence is no reason to give up
        protocol = MQTTProtocolVersion(version)
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            reconnect_on_failure=False,
            # MQTT 3.1.1 says at CONNECT what MQTT 5 calls clean start
            clean_session=None if protocol is MQTTProtocolVersion.MQTTv5 else True,
        )
        self.max_inflight_messages_set(0)  # the window is the session's to keep
        self.on_socket_open = _send_at_once
        self.on_socket_register_write = _leave_it_to_pump
        self.on_socket_unregister_write = _leave_it_to_pump

    def limits(self) -> Properties | None:
        """Return what CONNECT says about the largest packet and the window, in MQTT 5."""
        if self.protocol is not MQTTProtocolVersion.MQTTv5:
            return None
        found: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        found.MaximumPacketSize = LARGEST_RECEIVED
        found.ReceiveMaximum = INBOUND_WINDOW
        result: Properties = found
        return result

    def reached(self) -> int:
        """Return how many of these bytes the other machine has."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self.socket().fileno(), termios.TIOCOUTQ, waiting)  # type: ignore[union-attr]
        return self._written_bytes - waiting[0]

    def _packet_queue(
        self,
        command: int,
        packet: bytes | bytearray,
        mid: int,
        qos: int,
        info: paho.MQTTMessageInfo | None = None,
    ) -> MQTTErrorCode:
        self.queued += len(packet)
        return _queue(self, command, packet, mid, qos, info)

    def _sock_send(self, buf: bytes | bytearray) -> int:
        count = _send(self, buf)
        self._written_bytes += count
        return count

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > LARGEST_RECEIVED:
            del self._in_packet["packet"][LARGEST_RECEIVED:]
            bufsize = LARGEST_RECEIVED
        return _receive(self, bufsize)

    def _packet_handle(self) -> MQTTErrorCode:
        command = self._in_packet["command"]
        if command & 0xF0 == PUBLISH and command & QOS_2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # nothing is subscribed with QoS 2
        try:
            return _handle(self)
        except Exception:
            _logger.debug("a packet from the broker cannot be read", exc_info=True)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _check_keepalive(self) -> None:
        if self.moving:  # the answer to a ping would come behind the bytes that are under way
            self._last_bytes_received = time.monotonic()
        else:
            super()._check_keepalive()


def authenticate(client: BoundedClient, broker: Broker, address: Address) -> None:
    """Read password and TLS files afresh, as they may have been replaced; raise ConnectionLost."""
    try:
        if broker.username:
            password = read_password(broker.password_file, broker.password_env)
            client.username_pw_set(broker.username, password or None)
        if address.tls:
            client.tls_set_context(tls_context(*map(expanded, broker.tls)))
    except AgentError as error:
        reason = f"the password or a TLS file cannot be read: {error}"
        raise ConnectionLost(reason, "login") from error


def _send_at_once(_client: object, _data: object, sock: Any) -> None:  # noqa: ANN401
    """Switch Nagle's algorithm off: with delayed TCP acknowledgements it costs 40 ms a batch."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_it_to_pump(*_: object) -> None:
    """Keep paho from writing inside `publish`: one write for many messages is cheaper."""
