"""One process of a fleet: its share of the nodes, tick by tick, at a bounded rate."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from simulators.fleet.broker import FleetConnection
from simulators.fleet.node import FleetNode
from simulators.fleet.plan import NodePlan


class Share(NamedTuple):
    """What one process simulates; `rate` is in events a second, `start` in seconds since 1970."""

    url: str
    client_id: str
    plans: Sequence[NodePlan]
    ticks: int
    start: float
    every: float
    seed: int
    rate: float


class NodeTruth(NamedTuple):
    """What a node had in its log at the end, to compare with what consumers have got."""

    node: str
    log: str
    last: int
    given_up: int


def run_share(share: Share) -> list[NodeTruth]:
    """Simulate every tick, and wait until the broker has acknowledged everything."""
    nodes = [FleetNode(plan, share.start, share.every, share.seed) for plan in share.plans]
    connection = FleetConnection(share.url, share.client_id)
    for message in (message for node in nodes for message in node.hello()):
        connection.publish(message)
    began, events = time.monotonic(), 0
    for number in range(share.ticks):
        for node in nodes:
            for message in node.tick(number):
                connection.publish(message)
                events += 1
            _wait_until(began + events / share.rate)
    connection.finish()
    return [NodeTruth(node.plan.name, node.log, node.last, node.given_up) for node in nodes]


def _wait_until(instant: float) -> None:
    ahead = instant - time.monotonic()
    if ahead > 0.01:
        time.sleep(ahead)
