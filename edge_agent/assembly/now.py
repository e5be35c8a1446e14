"""What the view Now shows besides live values: what the configuration says, and the account."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_agent.assembly.evaluation import alert_names
from edge_agent.assembly.sink_report import READING_FAILS, log_accounts
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.clock import Clock
from edge_agent.config.config import Config
from edge_agent.observe.web.now.snapshot import Description
from edge_agent.store.reader import LogReader


def described(blueprint: Blueprint) -> Description:
    """Return what there is to show of a blueprint; it has no secrets."""
    config = blueprint.config
    alerts = alert_names(blueprint)
    content = {
        "node": config.node,
        "commands": list(config.commands.allow),
        "devices": [_device(device) for device in blueprint.devices],
        "outputs": [{"name": one.name, "place": str(one.place)} for one in blueprint.outputs],
        "rules": [*_rules(config)],
        "sinks": [one.plan.name for one in blueprint.sinks],
    }
    devices = frozenset(device.name for device in blueprint.devices)
    outputs = frozenset(one.name for one in blueprint.outputs)
    return Description(content, devices, frozenset(alerts), outputs)


def read_account(config: Config, log_path: Path, clock: Clock) -> dict[str, Any]:
    """Return what became of the events, by sink, and how full the log is.

    If the log cannot be read, return why.
    """
    try:
        with closing(LogReader(log_path)) as reader, reader.snapshot():
            stats, reports = log_accounts(reader, clock)
    except READING_FAILS as error:
        return {"problem": f"the event log cannot be read: {error}"}
    return {
        "sinks": [
            {"name": name, **report.as_dict(), "recorded": stats.sinks[name].recorded}
            for name, report in reports.items()
        ],
        "recorded": stats.recorded,
        "events": stats.rows,
        "bytes": stats.bytes,
        "limit": int(config.log.max_size),
    }


def _device(device: ResolvedDevice) -> dict[str, Any]:
    return {
        "name": device.name,
        "driver": device.settings.driver,
        "place": str(device.place),
        "every": float(device.settings.every),
        "max_age": device.plan.max_age,
        "channels": [
            {
                "name": one.name,
                "quantity": one.quantity,
                "unit": one.unit,
                "decimals": one.decimals,
            }
            for one in device.channels
        ],
    }


def _rules(config: Config) -> Iterator[dict[str, Any]]:
    for rule in config.rule:
        yield {
            "name": rule.name,
            "when": rule.when,
            "for": float(rule.hold),
            "severity": rule.severity,
        }
