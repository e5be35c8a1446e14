"""MQTT versions as people write them, and what the older one lacks."""

from paho.mqtt.enums import MQTTProtocolVersion

REMEDY = "use a broker with MQTT 5; `edge-consumer audit URL` finds events that are missing"


def written(version: int) -> str:
    """Return an MQTT version as people write it."""
    return "5" if version == MQTTProtocolVersion.MQTTv5 else "3.1.1"


def hides_refusals(version: int) -> bool:
    """Return whether a broker cannot say in this version that it refuses an event."""
    return version != MQTTProtocolVersion.MQTTv5
