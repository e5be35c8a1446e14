"""MQTT 5's content type of the events."""

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


class ContentType(Properties):
    """MQTT 5's content type, packed once: paho packs properties again for every message."""

    def __init__(self, content_type: str) -> None:
        super().__init__(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        self.ContentType = content_type
        self.__dict__["packed"] = super().pack()  # type: ignore[no-untyped-call]

    def pack(self) -> bytes:
        """Return the bytes."""
        packed: bytes = self.__dict__["packed"]
        return packed
