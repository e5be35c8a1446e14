"""Commands over MQTT: the topics on which they arrive, and those of their answers."""

from typing import Any

from paho.mqtt.client import MQTTMessage, topic_matches_sub
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.events import Answer, Request

LONGEST = 1000  # bytes of a response topic


class CommandTopics:
    """`<prefix>/command/<name>`, answered to MQTT 5's response topic or on `…/<name>/response`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}/command"
        self.pattern = f"{self._prefix}/+"

    def request(self, message: MQTTMessage) -> Request | None:
        """Return the command in a message; None if it is none."""
        if not topic_matches_sub(self.pattern, message.topic):
            return None
        name = message.topic.rpartition("/")[2]
        given: Any = getattr(message.properties, "ResponseTopic", "")
        topic = given if self._usable(given) else f"{self._prefix}/{name}/response"
        correlation = getattr(message.properties, "CorrelationData", b"")
        return Request(name, bytes(message.payload), topic, correlation, message.retain)

    def _usable(self, topic: object) -> bool:
        """Return whether an answer can go there: not to our own commands, nor to a pattern."""
        if not isinstance(topic, str) or not 0 < len(topic.encode()) <= LONGEST:
            return False
        return not set("+#\0") & set(topic) and not topic_matches_sub(self.pattern, topic)


def properties(answer: Answer) -> Properties:
    """Return what MQTT 5 sends along with an answer."""
    found: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    found.ContentType = "application/json"
    if answer.correlation:
        found.CorrelationData = answer.correlation
    result: Properties = found
    return result
