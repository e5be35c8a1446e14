"""Plans: how a device's readings are corrected and checked before the rules get them."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.dead_band import DeadBand
from edge_agent.evaluate.refine.plausibility import OUT_OF_RANGE, Level, Limits, Sample, check
from edge_agent.events import Reading

Levels: TypeAlias = Mapping[str, Level]  # by channel


class ChannelPlan(msgspec.Struct, frozen=True):
    """How one channel's values are corrected, and which of them are plausible.

    `decimals` are as many as the chip resolves; None keeps them all. A value is the `median` of so
    many measured ones.
    """

    calibration: Calibration = Calibration()
    limits: Limits = Limits()
    decimals: int | None = None
    median: int = 1


class DevicePlan(msgspec.Struct, frozen=True):
    """A device's channels, its dead bands, and for how many seconds its values are current."""

    channels: Mapping[str, ChannelPlan]
    max_age: float
    dead_band: DeadBand = DeadBand()


UNPLANNED = ChannelPlan()


def refine(plan: DevicePlan, reading: Reading, levels: Levels) -> tuple[Reading, Levels]:
    """Return the reading with only its right values, and the device's levels after it."""
    values: dict[str, float] = {}
    refused: dict[str, str] = {}
    notes: list[str] = []
    after, uptime = dict(levels), reading.moment.uptime
    for name, measured in reading.values.items():
        channel = plan.channels.get(name, UNPLANNED)
        value = channel.calibration.apply(measured)
        reason, level = check(channel.limits, Sample(value, uptime), levels.get(name))
        if level is not None:
            after[name] = level
        if reason:
            refused[name] = reason
            notes.append(_note(name, value, channel.limits, reason))
        else:
            values[name] = value if channel.decimals is None else round(value, channel.decimals)
    return _refined(reading, values, refused, notes), after


def _refined(
    reading: Reading, values: dict[str, float], refused: dict[str, str], notes: list[str]
) -> Reading:
    """Return the refined reading; if no value is left, its quality says why."""
    quality, detail = reading.quality, reading.detail
    if refused:
        detail = "; ".join([detail, *notes] if detail else notes)
        quality = quality if values else next(iter(refused.values()))
        refused = {**reading.refused, **refused}
    return Reading(
        reading.device,
        reading.moment,
        values,
        quality,
        detail,
        refused or reading.refused,
        reading.missed,
    )


def _note(name: str, value: float, limits: Limits, reason: str) -> str:
    if reason == OUT_OF_RANGE:
        return f"{name} {value:g} is outside {limits.low:g} to {limits.high:g}"
    return f"{name} jumped to {value:g}, more than {limits.max_step:g} per second"
