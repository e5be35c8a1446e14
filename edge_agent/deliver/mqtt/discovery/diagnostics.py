"""What the agent says of itself: its sinks, its clock and its version."""

from collections.abc import Iterator

from edge_agent.deliver.mqtt.discovery import templates
from edge_agent.deliver.mqtt.discovery.component import Component, Options, component
from edge_agent.deliver.mqtt.discovery.node import DiscoveredNode, current_seconds, spaced
from edge_agent.deliver.sink import REPORT_EVERY


def diagnostics(node: DiscoveredNode, prefix: str) -> Iterator[Component]:
    """Yield the diagnostic entities of a node."""
    shown: Options = {
        "state_topic": f"{prefix}/diagnostics",
        "expire_after": round(current_seconds(REPORT_EVERY)),
        "entity_category": "diagnostic",
    }
    for sink in node.sinks:
        name, words = f"sink_{sink}", spaced(sink)
        waiting = {"value_template": templates.sink_value(sink, "waiting")}
        waiting |= {"state_class": "measurement"}
        yield component("sensor", f"{name}_waiting", f"Events waiting: {words}", shown, waiting)
        last = {"value_template": templates.sink_value(sink, "delivered")}
        last |= {"device_class": "timestamp"}
        yield component("sensor", f"{name}_delivered", f"Last delivery: {words}", shown, last)
    clock = {"value_template": templates.CLOCK_IS_WRONG, "device_class": "problem"}
    yield component("binary_sensor", "agent_clock", "Clock", shown, clock)
    version = {
        "state_topic": f"{prefix}/info",
        "value_template": templates.VERSION,
        "entity_category": "diagnostic",
    }
    yield component("sensor", "agent_version", "Version", version)
