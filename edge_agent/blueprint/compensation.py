"""Channels that drivers compute with: an option such as `ambient_pressure_from` names one."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from drivers.base.channel import UNITS, Channel
from drivers.base.members import Compensated
from edge_agent.acquire.compensation import CompensationSource
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.problems import Problems, unknown


class Named(NamedTuple):
    """A channel under its full name, and its device."""

    device: ResolvedDevice
    channel: Channel


def resolve_compensation(
    devices: Iterable[ResolvedDevice], problems: Problems
) -> tuple[ResolvedDevice, ...]:
    """Return the devices with the sources that their options name; note those that are none."""
    resolved = tuple(devices)
    known = {
        f"{device.name}.{channel.name}": Named(device, channel)
        for device in resolved
        for channel in device.channels
    }
    broken = problems.entries("device") - {device.name for device in resolved}
    resolver = CompensationResolver(known, broken, problems)
    return tuple(resolver.device(one) for one in resolved)


class CompensationResolver:
    """Finds the sources of devices; problems of `broken` devices are noted already."""

    def __init__(self, known: Mapping[str, Named], broken: set[str], problems: Problems) -> None:
        self._known = known
        self._broken = broken
        self._problems = problems

    def device(self, device: ResolvedDevice) -> ResolvedDevice:
        """Return a device with its sources."""
        if not isinstance(device.driver, Compensated):
            return device
        found = (
            self._source(device, option, quantity)
            for option, quantity in device.driver.compensations.items()
            if option in device.options
        )
        return device._replace(sources=tuple(one for one in found if one is not None))

    def _source(
        self, device: ResolvedDevice, option: str, quantity: str
    ) -> CompensationSource | None:
        name = device.options[option]
        problem = self._problem(name, quantity)
        if problem:
            self._problems.note(f"device.{device.name}.{option}", name, problem)
        if problem or name not in self._known:
            return None
        source, channel = self._known[name]
        return CompensationSource(option, source.name, channel.name, source.plan.max_age)

    def _problem(self, name: str, quantity: str) -> str:
        """Return why a channel is no source; empty if it is one, or if its device is broken."""
        if name.partition(".")[0] in self._broken:
            return ""
        right = [one for one, named in self._known.items() if named.channel.quantity == quantity]
        wanted = f"{quantity} in {UNITS[quantity]}"
        if not right:
            return f"no device measures {wanted}; add one"
        if name not in self._known:
            return f"{unknown(name, right)} (wanted: a channel with {wanted})"
        if name not in right:
            found = self._known[name].channel
            return f"measures {found.quantity}; wanted: {wanted}, such as {right[0]}"
        return ""
