"""What a transition says besides its state: values, nodes, and the message."""

from collections.abc import Sequence
from typing import NamedTuple

from consumers.alerts.fleet_rule import FleetRule
from consumers.alerts.fleet_text import listed
from consumers.alerts.nodes import FleetNode
from consumers.alerts.transition import Transition
from edge_agent.evaluate.expressions.context import Values
from edge_agent.events import Alert

NODES = 100  # that a transition names


class Evidence(NamedTuple):
    """What was known: the node that it is about, or those that fulfil a clause, and values.

    `since` is when the condition began to hold, in µs since 1970.
    """

    node: FleetNode | None
    nodes: Sequence[str]
    values: Values
    since: int


def transition_of(rule: FleetRule, alert: Alert, evidence: Evidence) -> Transition:
    """Return what is reported of an alert."""
    return Transition(
        rule.name,
        evidence.node.name if evidence.node else "",
        alert.state,
        rule.rule.severity,
        alert.moment.time,
        evidence.since,
        _measured(rule, evidence.values),
        _message(rule, evidence),
        repeat=alert.repeat,
        acknowledged=alert.acknowledged,
        nodes=tuple(evidence.nodes[:NODES]),
    )


def _measured(rule: FleetRule, values: Values) -> dict[str, float]:
    """Return the values of channels; those of the node that it is about are named without it."""
    return {
        name.channel if not name.node else piece: values[piece]
        for piece, name in rule.names.channels.items()
        if piece in values
    }


def _message(rule: FleetRule, evidence: Evidence) -> str:
    node = evidence.node
    words = {
        "node": node.name if node else "",
        "nodes": listed(evidence.nodes),
        "devices": listed(node.state.failing) if node else "",
    }
    return rule.text.fill(evidence.values, words) if rule.text else ""
