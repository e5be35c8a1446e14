"""Outputs and alerts, with what commands them: only the commands that the node takes."""

import json
from collections.abc import Iterator

from edge_agent.deliver.mqtt.discovery import templates
from edge_agent.deliver.mqtt.discovery.component import Component, Options, component
from edge_agent.deliver.mqtt.discovery.node import (
    DiscoveredAlert,
    DiscoveredNode,
    DiscoveredOutput,
    spaced,
    title,
)


def controls(node: DiscoveredNode, prefix: str) -> Iterator[Component]:
    """Yield what shows and commands outputs and alerts, and what reads a device at once."""
    for output in node.outputs:
        yield from _output(output, prefix, settable="set" in node.commands)
    for alert in node.alerts:
        yield _alert(alert, prefix)
        if alert.rule and "acknowledge" in node.commands:
            press = _press(prefix, "acknowledge", json.dumps({"rule": alert.name}), "config")
            named = f"alert_{alert.name}_acknowledge"
            yield component("button", named, f"Acknowledge {spaced(alert.title)}", press)
    if "read" in node.commands:
        for device in node.devices:
            press = _press(prefix, "read", json.dumps({"device": device}), "diagnostic")
            yield component("button", f"read_{device}", f"Read {spaced(device)}", press)


def _output(output: DiscoveredOutput, prefix: str, *, settable: bool) -> Iterator[Component]:
    topic = f"{prefix}/output/{output.name}"
    shown: Options = {"state_topic": topic, "json_attributes_topic": topic}
    name = f"output_{output.name}"
    if not settable:
        value = {"value_template": templates.SWITCHED_ON}
        yield component("binary_sensor", name, output.title, shown, value)
        return
    command = {"command_topic": f"{prefix}/command/set", "qos": 1}
    if output.kind == "light":
        yield component("light", name, output.title, shown, command, _light(output))
    elif output.kind == "number":
        yield component("number", name, output.title, shown, command, _number(output))
    else:
        yield component("switch", name, output.title, shown, command, _switch(output))
    press = _press(prefix, "set", templates.order(output.name, "auto"))
    yield component("button", f"{name}_auto", f"{output.title} automatic", press)


def _switch(output: DiscoveredOutput) -> Options:
    return {
        "device_class": "outlet" if output.kind == "outlet" else "switch",
        "value_template": templates.SWITCHED_ON,
        "state_on": "ON",
        "state_off": "OFF",
        "payload_on": templates.order(output.name, "on"),
        "payload_off": templates.order(output.name, "off"),
    }


def _light(output: DiscoveredOutput) -> Options:
    on = templates.order(output.name, "on")
    found: Options = {
        "schema": "template",
        "state_template": templates.LIT,
        "command_on_template": on,
        "command_off_template": templates.order(output.name, "off"),
    }
    if output.continuous:
        dimmed = templates.order_of(output.name, "(brightness / 255) | round(3)")
        found["command_on_template"] = (
            f"{{% if brightness is defined %}}{dimmed}{{% else %}}{on}{{% endif %}}"
        )
        found["brightness_template"] = templates.BRIGHTNESS
    return found


def _number(output: DiscoveredOutput) -> Options:
    return {
        "value_template": templates.PERCENT,
        "command_template": templates.order_of(output.name, "(value / 100) | round(3)"),
        "min": 0,
        "max": 100,
        "step": 1,
        "unit_of_measurement": "%",
    }


def _alert(alert: DiscoveredAlert, prefix: str) -> Component:
    topic = f"{prefix}/alert/{alert.name}"
    shown: Options = {
        "device_class": "problem",
        "state_topic": topic,
        "json_attributes_topic": topic,
        "value_template": templates.FIRING,
    }
    return component("binary_sensor", f"alert_{alert.name}", title(alert.title), shown)


def _press(prefix: str, command: str, payload: str, category: str = "") -> Options:
    found: Options = {
        "command_topic": f"{prefix}/command/{command}",
        "payload_press": payload,
        "qos": 1,
    }
    return found | ({"entity_category": category} if category else {})
