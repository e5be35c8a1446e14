"""What the agent publishes about itself: the retained `info` topic."""

from importlib.metadata import version
from typing import Any

from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice


def agent_info(blueprint: Blueprint, log_id: str) -> dict[str, Any]:
    """Return version, log, devices with their channels and units, outputs and rules."""
    return {
        "version": version("edge-agent"),
        "log": log_id,
        "devices": {device.name: _device(device) for device in blueprint.devices},
        "publish": blueprint.config.mqtt.publish,
        "sinks": {one.plan.name: sorted(one.plan.kinds) for one in blueprint.sinks},
        "commands": list(blueprint.config.commands.allow),
        "outputs": {one.name: str(one.place) for one in blueprint.outputs},
        "rules": {
            rule.name: {"when": rule.when, "for": float(rule.hold), "severity": rule.severity}
            for rule in blueprint.config.rule
        },
    }


def _device(device: ResolvedDevice) -> dict[str, Any]:
    return {
        "driver": device.settings.driver,
        "place": str(device.place),
        "every": float(device.settings.every),
        "channels": {
            channel.name: {"unit": channel.unit, "quantity": channel.quantity}
            for channel in device.channels
        },
    }
