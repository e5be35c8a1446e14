"""The whole configuration: a field for each table."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.aggregates import AggregateSettings
from edge_agent.config.commands import CommandSettings
from edge_agent.config.device import DeviceSettings
from edge_agent.config.home_assistant import HomeAssistantSettings
from edge_agent.config.log import LogSettings
from edge_agent.config.metrics import MetricsSettings
from edge_agent.config.mqtt import MqttSettings
from edge_agent.config.notify import NotifySettings
from edge_agent.config.output import OutputSettings
from edge_agent.config.rule import RuleSettings
from edge_agent.config.settings import Name, Settings
from edge_agent.config.sink import SinkSettings
from edge_agent.config.web import WebSettings


class Config(Settings, frozen=True, kw_only=True):
    """The whole configuration; `node` names this agent in every topic."""

    node: Annotated[
        Name, Meta(description="name of this machine in every topic: letters, digits, _ and -")
    ] = "edge"
    mqtt: MqttSettings = MqttSettings()
    log: LogSettings = LogSettings()
    aggregates: AggregateSettings = AggregateSettings()
    commands: CommandSettings = CommandSettings()
    metrics: MetricsSettings = MetricsSettings()
    web: WebSettings = WebSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    sink: tuple[SinkSettings, ...] = ()
    notify: tuple[NotifySettings, ...] = ()
    device: tuple[DeviceSettings, ...] = ()
    output: tuple[OutputSettings, ...] = ()
    rule: tuple[RuleSettings, ...] = ()
