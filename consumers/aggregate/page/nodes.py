"""The nodes of a fleet: when each was heard last, and what alerts it has."""

from collections.abc import Callable, Iterator
from contextlib import closing

import msgspec

from consumers.aggregate.page.statements import HEARD, OPEN_ALERTS
from consumers.query.opened import OpenedStore
from edge_agent.observe.web.route import Json, Offer, Query, Route

SILENT = 900.0  # s without an event, as for the alert EdgeNodeSilent


class ActiveAlert(msgspec.Struct, frozen=True):
    """An alert that has not ended, as far as its node was heard."""

    rule: str
    state: str
    severity: str


class ListedNode(msgspec.Struct, frozen=True):
    """A node; it was heard last `age` seconds ago, and is `silent` if that is long."""

    name: str
    age: float
    silent: bool
    channels: int
    alerts: list[ActiveAlert]


class NodesView:
    """Lists the nodes; each answer opens the store for itself, in any thread."""

    def __init__(self, opened: Callable[[], OpenedStore], now: Callable[[], float]) -> None:
        """Use `now`, in seconds since 1970."""
        self._opened = opened
        self._now = now

    def routes(self) -> Iterator[Offer]:
        """Yield what the view answers."""
        yield Route("GET", "api/nodes", self._nodes)

    def _nodes(self, _: Query) -> Json:
        with closing(self._opened()) as store:
            heard = store.sql(HEARD).project("node, epoch(last), channels").fetchall()
            alerts = store.sql(OPEN_ALERTS).fetchall()
        by_node: dict[str, list[ActiveAlert]] = {}
        for node, *alert in alerts:
            by_node.setdefault(node, []).append(ActiveAlert(*alert))
        now = self._now()
        return Json([_listed(row, by_node.get(row[0], []), now) for row in heard])


def _listed(heard: tuple[str, float, int], alerts: list[ActiveAlert], now: float) -> ListedNode:
    name, last, channels = heard
    age = max(now - last, 0.0)
    return ListedNode(name, age, age > SILENT, channels, alerts)
