"""Where events are published: the agent's own topics, or those that a service prescribes."""

from typing import Protocol

from edge_agent.events import LoggedEvent


class EventTopics(Protocol):
    """Names the topic of each event, and of batches."""

    batch: str

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        ...


class AgentTopics:
    """Topics below `edge/<node>`, by kind and source."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.batch = f"{prefix}/batch"

    def of(self, event: LoggedEvent) -> str:
        """Return the topic of one event."""
        return f"{self._prefix}/event/{event.kind}/{event.source}"
