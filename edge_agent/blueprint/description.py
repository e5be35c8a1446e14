"""What an AsyncAPI document says of a blueprint."""

from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import urlsplit

from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.blueprint.sinks import Plan
from edge_agent.deliver.catalog import scheme_of
from edge_agent.evaluate.commands.command import KINDS
from edge_agent.schema.asyncapi.description import (
    ChannelDescription,
    DeviceDescription,
    Form,
    NodeDescription,
    ServerDescription,
    SinkDescription,
)
from edge_agent.topic_names import topics_of

TOPICS = {"mqtt", "mqtts", "ws", "wss"}  # schemes of the sinks that have a topic for each source
ARRAYS = TOPICS | {"http", "https"}  # of those that put the events of a batch in one message


def describe(blueprint: Blueprint) -> NodeDescription:
    """Return the description of a node; it holds no secret."""
    config = blueprint.config
    sinks = (_sink(one.plan, config.node) for one in blueprint.sinks)
    return NodeDescription(
        config.node,
        version("edge-agent"),
        tuple(map(_device, blueprint.devices)),
        tuple(rule.name for rule in config.rule),
        tuple(one.name for one in blueprint.outputs),
        bool(config.aggregates.windows),
        tuple(sink for sink in sinks if sink.servers),
        {name: KINDS[name] for name in config.commands.allow},
        config.home_assistant.enabled,
    )


def _device(device: ResolvedDevice) -> DeviceDescription:
    limits = {name: channel.limits for name, channel in device.plan.channels.items()}
    channels = (
        ChannelDescription(
            one.name, one.quantity, one.unit, limits[one.name].low, limits[one.name].high
        )
        for one in device.channels
    )
    settings = device.settings
    return DeviceDescription(device.name, settings.driver, float(settings.every), tuple(channels))


def _sink(plan: Plan, node: str) -> SinkDescription:
    options = plan.options
    return SinkDescription(
        plan.name,
        tuple(server for url in plan.url for server in _servers(url)),
        plan.kinds,
        topics=_topics(plan, node),
        live=plan.live,
        commands=plan.commands,
        form=_form(plan),
        retained=getattr(options, "retained", False),
        login=bool(getattr(options, "username", "")),
    )


def _topics(plan: Plan, node: str) -> str:
    return topics_of(plan.options.topic, node) if scheme_of(plan.url[0]) in TOPICS else ""


def _form(plan: Plan) -> Form:
    if getattr(plan.options, "format", "json") == "avro":
        return "avro"
    if plan.max_batch > 1 and scheme_of(plan.url[0]) in ARRAYS:
        return "batch"
    return "binary" if getattr(plan.options, "content", "") == "binary" else "structured"


def _servers(url: str) -> Iterator[ServerDescription]:
    """Yield the servers of a URL; what else it has may be a secret."""
    hosts = urlsplit(url).netloc.rpartition("@")[2]
    yield from (ServerDescription(scheme_of(url), host) for host in hosts.split(",") if host)
