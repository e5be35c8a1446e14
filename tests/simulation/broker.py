"""A broker: it acknowledges only what it has handed to its subscribers."""

from functools import cache
from types import SimpleNamespace

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

PACKET_OVERHEAD = 40  # bytes of a PUBLISH besides topic and payload
NOT_AUTHORIZED, QUOTA_EXCEEDED, PACKET_TOO_LARGE = 0x87, 0x97, 0x95


@cache
def reason(packet, value):
    return ReasonCode(getattr(PacketTypes, packet), identifier=value)


class Broker:
    """A broker at one address; what it takes over goes to `received` at once."""

    def __init__(self, network, address, received):
        self.network, self.address = network, address
        self.up, self.quota, self.max_packet = True, False, 0
        self.denied = self.repeats = False
        self._received = received
        self._links = []

    def accept(self, link):
        self._links = [one for one in self._links if one.open]
        self._links.append(link)

    def abandon(self):
        """Let the clients close their ends; what they have sent still arrives."""
        for link in self._links:
            link.close()
        self._links = []

    def stop(self):
        """End all sessions; nobody can connect until `up` is true again."""
        self.up = False
        self.cut()

    def cut(self):
        for link in self._links:
            link.cut()
        self._links = []

    def take(self, link, packet):
        """Answer one packet of a client."""
        kind = packet[0]
        if kind == "connect":
            limits = {"ReceiveMaximum": self.network.window}
            if self.max_packet:
                limits["MaximumPacketSize"] = self.max_packet
            link.to_client(("connack", SimpleNamespace(**limits)))
        elif kind == "publish":
            self._publish(link, *packet[1:])
        elif kind == "ping":
            link.to_client(("pong",))

    def _publish(self, link, mid, qos, topic, payload):
        if self.max_packet and size_of(topic, payload) > self.max_packet:
            link.to_client(("disconnect", reason("DISCONNECT", PACKET_TOO_LARGE)))
            return
        value = self._refusal(topic)
        if not value:
            self._received(self, link.client_id, topic, payload)
        if qos:
            for _ in range(1 + self.repeats):
                link.to_client(("puback", mid, reason("PUBACK", value)))

    def _refusal(self, topic):
        if not any(part in topic for part in ("/event/", "/batch")):
            return 0
        value = NOT_AUTHORIZED * self.denied or QUOTA_EXCEEDED * self.quota
        self.network.postponed = self.network.postponed or bool(value)
        return value


def size_of(topic, payload):
    return len(topic) + len(payload) + PACKET_OVERHEAD
