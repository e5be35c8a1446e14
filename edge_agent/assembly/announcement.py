"""What the agent says of itself, and what it said before that has to vanish."""

from collections.abc import Mapping

import msgspec

from edge_agent.assembly.discovery import DiscoveryMemory
from edge_agent.assembly.evaluation import alert_names
from edge_agent.assembly.topics import NAME, Topics
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.info import agent_info
from edge_agent.clock import Moment
from edge_agent.deliver.sink import About, Post
from edge_agent.events import Alert, SavedState
from edge_agent.live.fan_out import LatestFanOut


class Announcement:
    """Introduces blueprints; `saved` has what was said before a restart."""

    def __init__(self, log_id: str, saved: Mapping[str, bytes]) -> None:
        self._log_id = log_id
        self._topics = Topics(saved.get(NAME, b""))
        self._discovery = DiscoveryMemory(saved)

    def about(self, blueprint: Blueprint) -> About:
        """Return what the agent says of itself with a blueprint."""
        info = msgspec.json.encode(agent_info(blueprint, self._log_id))
        gone = self._topics.gone(blueprint)
        return About(info, gone, self._discovery.messages(blueprint))

    def learn(self, blueprint: Blueprint) -> list[SavedState]:
        """Note that a blueprint is in force; return the states to save."""
        return [self._topics.learn(blueprint), *self._discovery.learn(blueprint)]


def show_inactive(news: LatestFanOut[Post], blueprint: Blueprint, now: Moment) -> None:
    """Show the rules that have raised no alert yet as inactive: it would look unknown otherwise."""
    severities = {rule.name: rule.severity for rule in blueprint.config.rule}
    alerts = {("alert", name): name for name in alert_names(blueprint)}
    outputs = {("output", one.name) for one in blueprint.outputs}
    unknown = news.keep({*alerts, *outputs})
    for key in sorted(alerts.keys() & unknown):
        severity = severities.get(alerts[key], "critical")
        news.put(Alert(alerts[key], "inactive", now, severity, {}))
