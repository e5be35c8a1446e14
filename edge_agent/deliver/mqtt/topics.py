"""Where events are published: the agent's own topics, or those that a service prescribes."""

from typing import Protocol

from edge_agent.events import LoggedEvent, node_of


class EventTopics(Protocol):
    """Names the topic of each event, and of batches."""

    def batch_of(self, event: LoggedEvent) -> str:
        """Return the topic of batches that one event may be a part of."""
        ...

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        ...


class AgentTopics:
    """Topics below `edge/<node>`, by kind and source; those of a relayed event are its node's."""

    def __init__(self, node: str) -> None:
        self._node = node

    def batch_of(self, event: LoggedEvent) -> str:
        """Return the topic of batches of one node's events."""
        return f"edge/{node_of(event, self._node)}/batch"

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        return f"edge/{node_of(event, self._node)}/event/{event.kind}/{event.source}"
