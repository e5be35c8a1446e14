"""Which live topics there ever were, so that those of removed things vanish from the broker."""

import msgspec

from edge_agent.blueprint import Blueprint
from edge_agent.events import SavedState

NAME = "topics"  # of the saved state
MOST = 1000  # names that are remembered


class Topics:
    """The topics of devices, rules and outputs; `saved` is what a restart has left."""

    def __init__(self, saved: bytes) -> None:
        try:
            self._known = msgspec.json.decode(saved or b"[]", type=list[str])
        except msgspec.MsgspecError:
            self._known = []

    def gone(self, blueprint: Blueprint) -> frozenset[str]:
        """Return the topics that a blueprint does not have any more."""
        return frozenset(self._known) - frozenset(topics_of(blueprint))

    def learn(self, blueprint: Blueprint) -> SavedState:
        """Know a blueprint's topics from now on; return what is to be saved."""
        current = topics_of(blueprint)
        before = [topic for topic in self._known if topic not in set(current)]
        self._known = [*before, *current][-MOST:]
        return SavedState(NAME, msgspec.json.encode(self._known))


def topics_of(blueprint: Blueprint) -> list[str]:
    """Return the topics of live state, below the node's own."""
    return [
        *(f"state/{device.name}" for device in blueprint.devices),
        *(f"alert/{rule.name}" for rule in blueprint.rules),
        *(f"output/{output.name}" for output in blueprint.outputs),
    ]
