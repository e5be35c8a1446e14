"""What rules, commands and a start ask of the outputs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from edge_agent.evaluate.outputs.arbitration import (
    AT_START,
    SAFE,
    Guard,
    OutputRequest,
    Rank,
    strongest,
)
from edge_agent.evaluate.outputs.output_state import Order
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import SEVERITIES

RANKS = dict(zip(SEVERITIES, (Rank.RULE_INFO, Rank.RULE_WARNING, Rank.RULE_CRITICAL), strict=True))


class Asked(NamedTuple):
    """What a start and a command ask of one output."""

    first: OutputRequest | None
    order: Order | None


class Replaced(NamedTuple):
    """What an order replaced, and since when `max_on` counted."""

    asked: Asked
    begun: int | None


class Requests:
    """Keeps the `orders` of commands, and what a start asks until a rule or a command does."""

    def __init__(self, guards: Mapping[str, Guard], orders: Mapping[str, Order]) -> None:
        self._first = _first_requests(guards)
        self.orders = dict(orders)

    def pop(self, name: str) -> Asked:
        """Forget what a start and a command ask of an output, and return it."""
        return Asked(self._first.pop(name, None), self.orders.pop(name, None))

    def put(self, name: str, asked: Asked) -> None:
        """Let this be asked of an output that nothing is asked of."""
        if asked.first:
            self._first[name] = asked.first
        if asked.order:
            self.orders[name] = asked.order

    def end(self, now: int) -> None:
        """Forget the orders that end at or before an uptime in µs."""
        self.orders = {name: one for name, one in self.orders.items() if now < one.until}

    def strongest(
        self, acting: Iterable[Rule], unknown: Iterable[Rule], guards: Mapping[str, Guard]
    ) -> dict[str, OutputRequest]:
        """Return the strongest request for each output; those of `unknown` rules must be safe."""
        asked: dict[str, list[OutputRequest]] = defaultdict(list)
        for rule in acting:
            for name, value in rule.settings.items():
                asked[name].append(OutputRequest(value, rule.name, RANKS[rule.severity]))
        for name, order in self.orders.items():
            asked[name].append(OutputRequest(order.value, order.by, Rank.COMMAND))
        for rule in unknown:
            for name in rule.settings:
                asked[name].append(OutputRequest(guards[name].safe, SAFE, Rank.LOST))
        self._first = {name: one for name, one in self._first.items() if name not in asked}
        return self._first | {name: strongest(requests) for name, requests in asked.items()}


def _first_requests(guards: Mapping[str, Guard]) -> dict[str, OutputRequest]:
    return {
        name: OutputRequest(value, SAFE if value == guard.safe else AT_START, Rank.NONE)
        for name, guard in guards.items()
        if (value := guard.at_start) is not None
    }
