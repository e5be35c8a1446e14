"""Where events are published: the agent's own topics, or those that a service prescribes."""

from typing import Protocol

from edge_agent.events import LoggedEvent, node_of
from edge_agent.topic_names import NODE, TOPIC


class EventTopics(Protocol):
    """Names the topic of each event, and of batches."""

    def batch_of(self, event: LoggedEvent) -> str:
        """Return the topic of batches that one event may be a part of."""
        ...

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        ...


class AgentTopics:
    """Topics of a node, by kind and source; those of a relayed event are its node's."""

    def __init__(self, node: str, template: str = TOPIC) -> None:
        self._node = node
        self._begin, self._end = template.split(NODE)

    def batch_of(self, event: LoggedEvent) -> str:
        """Return the topic of batches of one node's events."""
        return f"{self._begin}{node_of(event, self._node)}{self._end}/batch"

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        node = node_of(event, self._node)
        return f"{self._begin}{node}{self._end}/event/{event.kind}/{event.source}"
