"""Commands over MQTT: the topics on which they arrive, and those of their answers."""

import re
from collections.abc import Sequence
from typing import Any

from paho.mqtt.client import MQTTMessage, topic_matches_sub
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.events import Answer, Request

LONGEST = 1000  # bytes of a response topic, and of correlation data
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# What the agent says of itself below its prefix: an answer must not look like it.
OURS = {
    "alert",
    "batch",
    "command",
    "diagnostics",
    "event",
    "info",
    "output",
    "state",
    "status",
}


class CommandTopics:
    """`<prefix>/command/<name>`, answered to MQTT 5's response topic or on `…/<name>/response`.

    A response topic lies below `<prefix>/`, beside the agent's own topics, or begins with one of
    `allowed`: who sends a command must not publish elsewhere with the agent's rights.
    """

    def __init__(self, prefix: str, allowed: Sequence[str] = ()) -> None:
        self._agent = f"{prefix}/"
        self._allowed = tuple(allowed)
        self._prefix = f"{prefix}/command"
        self.pattern = f"{self._prefix}/+"

    def request(self, message: MQTTMessage) -> Request | None:
        """Return the command in a message; None if it is none, or has parts that are too long."""
        name = self._name(message)
        correlation = getattr(message.properties, "CorrelationData", b"")
        if not name or len(correlation) > LONGEST:
            return None
        given: Any = getattr(message.properties, "ResponseTopic", "")
        topic = given if self._usable(given) else f"{self._prefix}/{name}/response"
        return Request(name, bytes(message.payload), topic, correlation, message.retain)

    def _name(self, message: MQTTMessage) -> str:
        try:
            prefix, _, name = message.topic.rpartition("/")
        except UnicodeDecodeError:
            return ""
        return name if prefix == self._prefix and NAME.fullmatch(name) else ""

    def _usable(self, topic: object) -> bool:
        """Return whether an answer can and may go there."""
        if not isinstance(topic, str) or set("+#\0") & set(topic):
            return False
        try:
            length = len(topic.encode())
        except UnicodeEncodeError:
            return False
        return 0 < length <= LONGEST and self._permitted(topic)

    def _permitted(self, topic: str) -> bool:
        if topic.startswith(self._agent):
            own = topic.removeprefix(self._agent).partition("/")[0] in OURS
            return not own or topic_matches_sub(f"{self.pattern}/response", topic)
        return topic.startswith(self._allowed) and not topic.startswith("$")


def properties(answer: Answer) -> Properties:
    """Return what MQTT 5 sends along with an answer."""
    found: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    found.ContentType = "application/json"
    if answer.correlation:
        found.CorrelationData = answer.correlation
    result: Properties = found
    return result
