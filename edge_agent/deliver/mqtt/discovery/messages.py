"""The discovery messages of a node, and those that remove what it does not have any more."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from edge_agent.deliver.mqtt.discovery.component import Component, Options
from edge_agent.deliver.mqtt.discovery.controls import controls
from edge_agent.deliver.mqtt.discovery.diagnostics import diagnostics
from edge_agent.deliver.mqtt.discovery.node import DiscoveredNode, title
from edge_agent.deliver.mqtt.discovery.readings import reading

Published: TypeAlias = Mapping[str, Mapping[str, str]]  # platforms by component, by topic


class Discovery(NamedTuple):
    """Messages by topic, and what they publish: to remember, until it is to be removed."""

    messages: dict[str, bytes]
    published: Published


def discovery(
    node: DiscoveredNode, prefix: str, form: Literal["device", "entity"], earlier: Published
) -> Discovery:
    """Return the messages of a node, below Home Assistant's prefix; `earlier` is remembered."""
    if form == "entity":
        return _of_entities(node, prefix)
    return _of_device(node, prefix, earlier)


def _of_device(node: DiscoveredNode, prefix: str, earlier: Published) -> Discovery:
    """Return one message for all entities; those of an earlier one that are gone vanish."""
    topic = f"{prefix}/device/{node.id}/config"
    found = {one.key: one for one in components(node)}
    shown = {key: one.payload(node.id) for key, one in found.items()}
    gone = {key: platform for key, platform in earlier.get(topic, {}).items() if key not in found}
    removed = {key: {"platform": platform} for key, platform in gone.items()}
    message = msgspec.json.encode(_shared(node) | {"components": removed | shown})
    platforms: dict[str, str] = {key: one.platform for key, one in found.items()}
    return Discovery({topic: message}, {topic: gone | platforms})


def _of_entities(node: DiscoveredNode, prefix: str) -> Discovery:
    """Return a message for each entity: Home Assistant before 2024.11 reads no other."""
    messages = {}
    for one in components(node):
        topic = f"{prefix}/{one.platform}/{node.id}/{one.name}/config"
        payload = _shared(node) | one.payload(node.id)
        del payload["platform"]  # the topic says it
        messages[topic] = msgspec.json.encode(payload)
    return Discovery(messages, {topic: {} for topic in messages})


def components(node: DiscoveredNode) -> Iterator[Component]:
    """Yield every entity of a node."""
    for channel in node.channels:
        yield reading(channel, node.topics)
    yield from controls(node, node.topics)
    yield from diagnostics(node, node.topics)


def _shared(node: DiscoveredNode) -> Options:
    """Return what all entities share; a reading has an availability of its own."""
    program = {"name": "edge-agent", "sw_version": node.version}
    return {
        "device": {
            "identifiers": [f"edge_{node.id}"],
            "name": title(node.name),
            "manufacturer": "edge-agent",
            "model": "edge-agent",
            "sw_version": node.version,
        },
        "origin": program,
        "availability": [{"topic": f"{node.topics}/status"}],
    }
