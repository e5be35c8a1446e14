"""paho's client, with bounds on what a broker can make it keep."""

import logging
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

LARGEST = 300_000  # bytes of a packet: an agent sends 128,000 at most
WINDOW = 500  # messages that the broker sends before the first is acknowledged
SESSION_SECONDS = 3600  # how long a broker keeps what comes while we are away
DAY = 86_400
PUBLISH, QOS_2 = 0x30, 0x04

_logger = logging.getLogger(__name__)


class SubscriberClient(paho.Client):
    """Keeps no more than the start of a packet that is too large; its payload is no JSON then."""

    def __init__(self, client_id: str, version: int, *, keep: bool) -> None:
        """`keep` leaves the session at the broker at the end."""
        self._keep = keep
        protocol = MQTTProtocolVersion(version)
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=protocol,
            reconnect_on_failure=False,
            clean_session=None if protocol is MQTTProtocolVersion.MQTTv5 else not keep,
        )

    def start(self, host: str, port: int, keep_alive: int) -> None:
        """Send CONNECT, to continue the session that the broker may have."""
        if self.protocol is not MQTTProtocolVersion.MQTTv5:
            self.connect(host, port, keep_alive)
            return
        asked: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        asked.MaximumPacketSize, asked.ReceiveMaximum = LARGEST, WINDOW
        asked.SessionExpiryInterval = DAY if self._keep else SESSION_SECONDS
        self.connect(host, port, keep_alive, clean_start=False, properties=asked)

    def finish(self) -> None:
        """Send DISCONNECT; a session that is not to be kept ends."""
        goodbye: Any = None
        if self.protocol is MQTTProtocolVersion.MQTTv5 and not self._keep:
            goodbye = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            goodbye.SessionExpiryInterval = 0
        self.disconnect(properties=goodbye)
        self.loop_write()

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > LARGEST:
            del self._in_packet["packet"][LARGEST:]
            bufsize = LARGEST
        return super()._sock_recv(bufsize)

    def _packet_handle(self) -> MQTTErrorCode:
        command = self._in_packet["command"]
        if command & 0xF0 == PUBLISH and command & QOS_2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL  # nothing is subscribed with QoS 2
        try:
            return super()._packet_handle()
        except Exception:
            _logger.debug("a packet from the broker cannot be read", exc_info=True)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
