"""What the engine needs of a configuration: device plans, and rules parsed against the channels."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from drivers.channel import Channel
from edge_agent.blueprint.devices import DrawnDevice
from edge_agent.errors import ConfigError
from edge_agent.evaluate.calibration import Calibration
from edge_agent.evaluate.checks import Limits
from edge_agent.evaluate.dead_band import DeadBand
from edge_agent.evaluate.expression import Expression, Known, parse
from edge_agent.evaluate.plan import ChannelPlan, DevicePlan
from edge_agent.evaluate.rules import Rule
from edge_agent.problems import Problems, unknown
from edge_agent.settings import ChannelSettings, Config, switch
from edge_agent.settings import Rule as RuleSettings

CURRENT = 3.0  # intervals for which a value counts as current
GRACE = 10.0  # seconds on top: retries and a slow conversion


def plan_device(device: DrawnDevice) -> DevicePlan:
    """Return what becomes of a device's readings."""
    settings = device.settings
    channels = {
        channel.name: _plan_channel(channel, settings.channel.get(channel.name, ChannelSettings()))
        for channel in device.channels
    }
    bands = {name: one.dead_band for name, one in settings.channel.items() if one.dead_band}
    max_age = CURRENT * settings.every + GRACE
    return DevicePlan(channels, max_age, DeadBand(bands, settings.heartbeat))


def _plan_channel(channel: Channel, settings: ChannelSettings) -> ChannelPlan:
    calibration = Calibration(settings.scale, settings.offset, settings.polynomial)
    converted = bool(settings.polynomial) or settings.scale != 1
    low, high = (-math.inf, math.inf) if converted else (channel.low, channel.high)
    limits = Limits(
        low if settings.low is None else settings.low,
        high if settings.high is None else settings.high,
        settings.max_step,
    )
    return ChannelPlan(calibration, limits, None if converted else channel.decimals)


def draw_rules(
    config: Config, devices: Iterable[DrawnDevice], problems: Problems
) -> tuple[Rule, ...]:
    """Return the rules that have no problems, in the configuration's order."""
    drawn = tuple(devices)
    known = dict(pair for device in drawn for pair in _known(device))
    broken = {one.name for one in config.device} - {one.settings.name for one in drawn}
    outputs = [output.name for output in config.output]
    rules = (_rule(rule, known, broken, problems) for rule in config.rule)
    for rule in config.rule:
        for name in rule.set.keys() - set(outputs):
            problems.note(f"rule.{rule.name}.set.{name}", rule.set[name], unknown(name, outputs))
    return tuple(rule for rule in rules if rule is not None)


def _known(device: DrawnDevice) -> Iterable[tuple[str, Known]]:
    plan = plan_device(device)
    for channel in device.channels:
        limits = plan.channels[channel.name].limits
        kind: Literal["numeric", "binary"] = "binary" if channel.quantity == "binary" else "numeric"
        yield f"{device.settings.name}.{channel.name}", Known(kind, limits.low, limits.high)


def _rule(
    settings: RuleSettings, known: Mapping[str, Known], broken: set[str], problems: Problems
) -> Rule | None:
    key = f"rule.{settings.name}."
    when = _parsed(key + "when", settings.when, known, broken, problems)
    clear = _parsed(key + "clear", settings.clear, known, broken, problems)
    if when is None or (settings.clear and clear is None):
        return None
    return Rule(
        settings.name,
        when,
        clear,
        hold=settings.hold,
        severity=settings.severity,
        settings={output: switch(value) for output, value in settings.set.items()},
    )


def _parsed(
    key: str, text: str, known: Mapping[str, Known], broken: set[str], problems: Problems
) -> Expression | None:
    if not text and key.endswith("clear"):
        return None
    try:
        return parse(text, known)
    except ConfigError as error:
        for line in error.problems:
            if not any(f"{name}." in line for name in broken):  # its device says why already
                problems.note(key, text, line)
        return None
