"""What evaluation needs to know of a device and an output as configured."""

import math
from collections.abc import Iterable
from dataclasses import replace

from drivers.base.channel import Channel
from edge_agent.config.device import ChannelSettings, DeviceSettings
from edge_agent.config.output import OutputSettings
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.dead_band import DeadBand
from edge_agent.evaluate.refine.plausibility import Limits
from edge_agent.evaluate.refine.refine import ChannelPlan, DevicePlan
from edge_agent.units import level

CURRENT = 3.0  # intervals for which a value counts as current
GRACE = 10.0  # seconds on top: retries and a slow conversion


def device_plan(settings: DeviceSettings, channels: Iterable[Channel]) -> DevicePlan:
    """Return how a device's readings are corrected, checked and thinned out."""
    plans = {
        channel.name: _channel_plan(channel, settings.channel.get(channel.name, ChannelSettings()))
        for channel in channels
    }
    bands = {name: one.dead_band for name, one in settings.channel.items() if one.dead_band}
    max_age = CURRENT * settings.every + GRACE
    return DevicePlan(plans, max_age, DeadBand(bands, settings.heartbeat))


def published(channel: Channel, settings: ChannelSettings) -> Channel:
    """Return a channel with the resolution of what is published of it."""
    if settings.decimals is not None:
        return replace(channel, resolution=10.0**-settings.decimals)
    step = _calibration(settings).resolution(channel.resolution, channel.low, channel.high)
    return replace(channel, resolution=step)


def _calibration(settings: ChannelSettings) -> Calibration:
    return Calibration(settings.scale, settings.offset, settings.polynomial)


def _channel_plan(channel: Channel, settings: ChannelSettings) -> ChannelPlan:
    converted = bool(settings.polynomial) or settings.scale != 1
    low, high = (-math.inf, math.inf) if converted else (channel.low, channel.high)
    limits = Limits(
        low if settings.low is None else settings.low,
        high if settings.high is None else settings.high,
        settings.max_step,
    )
    return ChannelPlan(_calibration(settings), limits, channel.decimals, settings.median)


def output_guard(settings: OutputSettings, *, continuous: bool) -> Guard:
    """Return the limits that an output must keep to."""
    return Guard(
        level(settings.safe),
        settings.min_on,
        settings.min_off,
        settings.max_on,
        frozenset(settings.interlock),
        continuous,
        at_start(settings),
    )


def at_start(settings: OutputSettings) -> float | None:
    """Return the value that an output has at a start; None if it is to continue."""
    chosen = settings.safe if settings.at_start == "safe" else settings.at_start
    return None if chosen == "keep" else level(chosen)
