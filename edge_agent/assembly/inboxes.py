"""The inboxes of engine and recorder: what wakes them at once, and what they gather."""

from collections.abc import Iterable

from edge_agent.evaluate.engine_items import EngineItem
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import watchers
from edge_agent.events import Reading
from edge_agent.inbox import GATHERED, GatheringInbox
from edge_agent.store.recorder_items import RecorderItem, is_urgent


class EngineInbox(GatheringInbox[EngineItem]):
    """Gathers the readings of devices that no rule depends on; all else wakes the engine at once.

    The main thread alone calls `watch`; the set of devices is exchanged whole.
    """

    def __init__(self) -> None:
        super().__init__(GATHERED, self._wakes)
        self._watched: frozenset[str] = frozenset()

    def watch(self, rules: Iterable[Rule]) -> None:
        """Let readings that these rules depend on wake the engine."""
        self._watched = frozenset(watchers(rules))

    def _wakes(self, item: EngineItem) -> bool:
        return not isinstance(item, Reading) or item.device in self._watched


def recorder_inbox(commit_interval: float) -> GatheringInbox[RecorderItem]:
    """Return an inbox that adds no more than half of the interval, in seconds, to a commit."""
    return GatheringInbox(min(GATHERED, commit_interval / 2), is_urgent)
