"""How the readings of a device are corrected and checked, in words."""

import math
from collections.abc import Iterator

from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.plausibility import Limits


def refinement(blueprint: Blueprint, name: str) -> list[str]:
    """Return a sentence for each channel of a device; none if it is not configured."""
    return [
        sentence
        for device in blueprint.devices
        if device.name == name
        for sentence in _of_device(device)
    ]


def _of_device(device: ResolvedDevice) -> Iterator[str]:
    plan = device.plan
    for channel in device.channels:
        one = plan.channels[channel.name]
        said = [
            *_smoothed(one.median),
            *_corrected(one.calibration),
            *_limited(one.limits, channel.unit),
        ]
        band = plan.dead_band.bands.get(channel.name)
        if band:
            said.append(f"logged if it changed by {_quantity(band, channel.unit)}")
        if said:
            yield f"{channel.name}: {', '.join(said)}"


def _smoothed(median: int) -> Iterator[str]:
    if median > 1:
        yield f"the median of the last {median}"


def _corrected(calibration: Calibration) -> Iterator[str]:
    if calibration.polynomial:
        yield f"corrected by the polynomial {', '.join(f'{c:g}' for c in calibration.polynomial)}"
        return
    if calibration.scale != 1:
        yield f"multiplied by {calibration.scale:g}"
    if calibration.offset:
        yield f"corrected by {calibration.offset:+g}"


def _limited(limits: Limits, unit: str) -> Iterator[str]:
    low, high = (_quantity(each, unit) for each in (limits.low, limits.high))
    if math.isfinite(limits.low) and math.isfinite(limits.high):
        yield f"refused outside {limits.low:g} to {high}"
    elif math.isfinite(limits.low):
        yield f"refused below {low}"
    elif math.isfinite(limits.high):
        yield f"refused above {high}"
    if limits.max_step is not None:
        yield f"refused if it changes by more than {_quantity(limits.max_step, unit)} a second"


def _quantity(value: float, unit: str) -> str:
    return f"{value:g} {unit}".rstrip()
