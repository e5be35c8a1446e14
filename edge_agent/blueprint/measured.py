"""Limits and dead bands that no value of a channel can meet."""

from collections.abc import Iterable

from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.config.device import ChannelSettings
from edge_agent.evaluate.refine.refine import ChannelPlan
from edge_agent.problems import Problems


def note_unmeasured(devices: Iterable[ResolvedDevice], problems: Problems) -> None:
    """Note each channel whose every value would be refused, or would change too little to be kept.

    A polynomial is left out: between two values it may take any other.
    """
    for device in devices:
        for channel in device.channels:
            settings = device.settings.channel.get(channel.name)
            if settings and not settings.polynomial:
                plan = device.plan.channels[channel.name]
                ends = sorted(map(plan.calibration.apply, (channel.low, channel.high)))
                key = f"device.{device.name}.channel.{channel.name}"
                _note(key, settings, plan, (ends[0], ends[1]), problems)


def _note(
    key: str,
    settings: ChannelSettings,
    plan: ChannelPlan,
    ends: tuple[float, float],
    problems: Problems,
) -> None:
    (low, high), limits = ends, plan.limits
    corrected = f"corrected values stay within {low:g} to {high:g}"
    if low > limits.high or high < limits.low:
        name = _cause(settings, above=low > limits.high)
        what = f"every value is refused, outside {limits.low:g} to {limits.high:g}: {corrected}"
        problems.note(f"{key}.{name}", getattr(settings, name), what)
    elif settings.dead_band > high - low:
        what = f"no change is so large: {corrected}; write less"
        problems.note(f"{key}.dead_band", settings.dead_band, what)


def _cause(settings: ChannelSettings, *, above: bool) -> str:
    """Return the key to blame: the limit that is not met, else what corrects the value."""
    limit = "high" if above else "low"
    if getattr(settings, limit) is not None:
        return limit
    return "offset" if settings.offset else "scale"
