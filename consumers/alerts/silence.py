"""Silences: alerts that are kept, but that nothing notifies people of, for a while."""

from collections.abc import Iterable

import msgspec

from consumers.alerts.fleet_rule import NameSelection


class AlertSilence(msgspec.Struct, frozen=True):
    """Until a time in µs since 1970, for rules and nodes by their names; * is any text."""

    rule: str
    node: str
    until: int
    by: str = ""

    def covers(self, rule: str, node: str, at: int) -> bool:
        """Return whether an alert is silenced; a rule over several nodes has the node ""."""
        rules, nodes = NameSelection((self.rule,)), NameSelection((self.node,))
        return at < self.until and rules.matches(rule) and nodes.matches(node)


def is_silenced(silences: Iterable[AlertSilence], rule: str, node: str, at: int) -> bool:
    """Return whether one of the silences covers an alert."""
    return any(one.covers(rule, node, at) for one in silences)
