"""The topics of nodes at a broker: what to subscribe to, and whose message it is."""

from collections.abc import Iterator, Sequence

from consumers.decode import events_in, introduction_in
from consumers.source import Delivery
from consumers.sources.mqtt.message import MqttMessage
from edge_agent.topic_names import NODE, TOPIC, topics_of

EVENTS, BATCH, INFO = "event/#", "batch", "info"


class NodeTopics:
    """The topics that begin with a template, in which `{node}` stands for a node's name."""

    def __init__(self, template: str = TOPIC) -> None:
        self._template = template
        levels = template.split("/")
        self._levels, self._node = len(levels), levels.index(NODE)

    def of(self, nodes: Sequence[str], share: str) -> list[str]:
        """Return what to subscribe to; a retained `info` does not come by a shared subscription."""
        shared = f"$share/{share}/" if share else ""
        begins = {EVENTS: shared, BATCH: shared, INFO: ""}
        return [
            f"{begin}{topics_of(self._template, node)}/{what}"
            for node in nodes
            for what, begin in begins.items()
        ]

    def decoded(self, message: MqttMessage) -> Iterator[Delivery]:
        """Return what a message holds."""
        try:
            levels = message.topic.decode().split("/")
            what, node = levels[self._levels :], levels[self._node]
        except (ValueError, IndexError):  # of a broker that invents topics
            return iter(())
        if what == [INFO]:
            return introduction_in(node, message.payload)
        return events_in(message.payload)
