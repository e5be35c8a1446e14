"""What Home Assistant discovers of a configuration."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version

from drivers.base.channel import Channel
from drivers.base.members import Continuous
from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.blueprint.sinks import sink_names
from edge_agent.config.config import Config
from edge_agent.config.home_assistant import HomeAssistantSettings
from edge_agent.deliver.mqtt.discovery.node import (
    DiscoveredAlert,
    DiscoveredChannel,
    DiscoveredNode,
    DiscoveredOutput,
    OutputKind,
    title,
)
from edge_agent.evaluate.outputs.unsafe_outputs import alert_name
from edge_agent.topic_names import topics_of

SILENT = {"active", "contact", "value"}  # names of channels that say no more than their device's


def channel_item(device: str, channel: str) -> str:
    """Return how `[home_assistant]` names a channel."""
    return f"{device}.{channel}"


def output_item(name: str) -> str:
    """Return how `[home_assistant]` names an output."""
    return f"output.{name}"


def rule_item(name: str) -> str:
    """Return how `[home_assistant]` names a rule."""
    return f"rule.{name}"


def discovered_node(
    config: Config, devices: Sequence[ResolvedDevice], outputs: Sequence[ResolvedOutput]
) -> DiscoveredNode:
    """Return the node with all that is not hidden."""
    return DiscoveredNode(
        config.node,
        config.home_assistant.id or config.node,
        topics_of(config.mqtt.topic, config.node),
        version("edge-agent"),
        frozenset(config.commands.allow),
        tuple(_channels(config.home_assistant, devices)),
        tuple(_outputs(config.home_assistant, outputs)),
        tuple(_alerts(config, outputs)),
        tuple(sink_names(config)),
    )


def kinds_of(output: ResolvedOutput) -> tuple[OutputKind, ...]:
    """Return what an output can be in Home Assistant, the default first."""
    driver = output.driver
    if not isinstance(driver, Continuous):
        return "switch", "outlet", "light"
    if driver.continuous == "brightness":
        return "light", "number", "switch"
    return "number", "light", "switch"


def _channels(
    settings: HomeAssistantSettings, devices: Sequence[ResolvedDevice]
) -> Iterator[DiscoveredChannel]:
    for device in devices:
        for channel in device.channels:
            item = channel_item(device.name, channel.name)
            if item not in settings.hidden:
                yield DiscoveredChannel(
                    device.name,
                    channel.name,
                    settings.titles.get(item) or _title(device, channel),
                    channel.quantity,
                    channel.unit,
                    device.plan.channels[channel.name].decimals,
                    float(device.settings.every),
                    rising=channel.low >= 0,
                    device_class=settings.classes.get(item, ""),
                )


def _title(device: ResolvedDevice, channel: Channel) -> str:
    return title(device.name if channel.name in SILENT else f"{device.name} {channel.name}")


def _outputs(
    settings: HomeAssistantSettings, outputs: Sequence[ResolvedOutput]
) -> Iterator[DiscoveredOutput]:
    for output in outputs:
        item = output_item(output.name)
        if item in settings.hidden:
            continue
        kinds = kinds_of(output)
        chosen = settings.classes.get(item)
        kind = next((one for one in kinds if one == chosen), kinds[0])
        shown = settings.titles.get(item) or title(output.name)
        continuous = isinstance(output.driver, Continuous)
        yield DiscoveredOutput(output.name, shown, kind, continuous)


def _alerts(config: Config, outputs: Sequence[ResolvedOutput]) -> Iterator[DiscoveredAlert]:
    settings = config.home_assistant
    for rule in config.rule:
        item = rule_item(rule.name)
        if item not in settings.hidden:
            shown = settings.titles.get(item) or title(rule.name)
            yield DiscoveredAlert(rule.name, shown, rule=True)
    for output in outputs:
        if output_item(output.name) not in settings.hidden:
            shown = settings.titles.get(output_item(output.name)) or title(output.name)
            yield DiscoveredAlert(alert_name(output.name), f"{shown} fault", rule=False)
