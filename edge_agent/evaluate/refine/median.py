"""The median of a channel's last values: what a single outlier does not move."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from edge_agent.evaluate.refine.plausibility import Sample
from edge_agent.evaluate.refine.refine import UNPLANNED, DevicePlan
from edge_agent.events import Reading

Recent: TypeAlias = Mapping[str, tuple[Sample, ...]]  # by channel, the latest last


def smoothed(plan: DevicePlan, reading: Reading, recent: Recent) -> tuple[Reading, Recent]:
    """Return the reading with each channel's median of its last values, and those after it.

    It is always one of them. They are forgotten if none has come for `plan.max_age`.
    """
    after = dict(recent)
    for name, value in reading.values.items():
        if (most := plan.channels.get(name, UNPLANNED).median) > 1:
            sample = Sample(value, reading.moment.uptime)
            after[name] = (*_current(recent.get(name, ()), sample, plan.max_age), sample)[-most:]
    if not after:
        return reading, after
    return msgspec.structs.replace(reading, values=_medians(reading.values, after)), after


def _current(samples: tuple[Sample, ...], sample: Sample, max_age: float) -> tuple[Sample, ...]:
    """Return the samples before a new one, or none after a pause."""
    return samples if samples and sample.uptime - samples[-1].uptime <= max_age * 1e6 else ()


def _medians(values: Mapping[str, float], recent: Recent) -> dict[str, float]:
    return {
        name: median([one.value for one in recent[name]]) if name in recent else value
        for name, value in values.items()
    }


def median(values: list[float]) -> float:
    """Return the middle of at least one value, the lower of two: the module `statistics` is big."""
    return sorted(values)[(len(values) - 1) // 2]
