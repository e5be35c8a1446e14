"""Every live topic so far, so that those of removed devices, rules and outputs can be cleared."""

import logging
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.assembly.evaluation import alert_names
from edge_agent.blueprint import Blueprint
from edge_agent.deliver.sink import Post
from edge_agent.events import Alert, SavedState, Switched

NAME = "topics"  # of the saved state
MOST = 1000  # topics that are remembered
Topic: TypeAlias = Annotated[
    str, Meta(pattern=r"\A(state/|alert/(output\.)?|output/)[A-Za-z0-9_-]+\Z", max_length=200)
]
_logger = logging.getLogger(__name__)


class Topics:
    """The topics of devices, rules and outputs; `saved` is the state from before a restart."""

    def __init__(self, saved: bytes) -> None:
        try:
            self._known = msgspec.json.decode(saved or b"[]", type=list[Topic])
        except msgspec.MsgspecError as error:
            _logger.warning("the saved topics cannot be read, and are ignored: %s", error)
            self._known = []

    def gone(self, blueprint: Blueprint) -> frozenset[str]:
        """Return the topics that a blueprint no longer has."""
        return frozenset(self._known) - frozenset(topics_of(blueprint))

    def learn(self, blueprint: Blueprint) -> SavedState:
        """Add a blueprint's topics; return the state to save."""
        current = topics_of(blueprint)
        before = [topic for topic in self._known if topic not in set(current)]
        self._known = [*before, *current][-MOST:]
        return SavedState(NAME, msgspec.json.encode(self._known))


def topics_of(blueprint: Blueprint) -> list[str]:
    """Return the topics of live state, below the node's own."""
    return [
        *(f"state/{device.name}" for device in blueprint.devices),
        *(f"alert/{name}" for name in alert_names(blueprint)),
        *(f"output/{output.name}" for output in blueprint.outputs),
    ]


def shown_as(post: Post) -> tuple[str, str] | None:
    """Return under which name the latest of this is kept; None if the next one comes soon."""
    if isinstance(post, Alert):
        return "alert", post.rule
    return ("output", post.output) if isinstance(post, Switched) else None
