"""What happens to each node of a fleet, drawn once from the seed."""

import random
from typing import NamedTuple

LATE_SHARE, SILENT_SHARE, UNSET_SHARE = 0.3, 0.01, 0.05
UNSET_TICKS = 3


class Span(NamedTuple):
    """Ticks from `first` to before `end`; empty if they are equal."""

    first: int
    end: int

    def __contains__(self, tick: object) -> bool:
        """Return whether a tick is one of them."""
        return isinstance(tick, int) and self.first <= tick < self.end


NEVER = Span(0, 0)


class NodePlan(NamedTuple):
    """What happens to one node, in ticks.

    In its `outage` it delivers nothing, and keeps what it measures; from `silent` on it is gone
    for good; before `set_at` its clock is not set.
    """

    name: str
    outage: Span = NEVER
    silent: int | None = None
    set_at: int = 0


def fleet_plan(nodes: int, ticks: int, seed: int, *, faults: bool) -> list[NodePlan]:
    """Return the plans of so many nodes: node-0001, node-0002 and so on."""
    names = [f"node-{number:04d}" for number in range(1, nodes + 1)]
    if not faults:
        return [NodePlan(name) for name in names]
    chance = random.Random(f"fleet {seed}")  # noqa: S311
    return [_drawn(name, ticks, chance) for name in names]


def _drawn(name: str, ticks: int, chance: random.Random) -> NodePlan:
    outage, silent, set_at = NEVER, None, 0
    if chance.random() < LATE_SHARE:
        first = chance.randint(1, max(1, ticks // 2))
        length = chance.randint(1, max(1, ticks * 2 // 5))
        outage = Span(first, first + length)
    if chance.random() < SILENT_SHARE:
        silent = chance.randint(ticks // 2, ticks)
    if chance.random() < UNSET_SHARE:
        set_at = min(UNSET_TICKS, ticks)
    return NodePlan(name, outage, silent, set_at)
