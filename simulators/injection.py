"""Faults on simulated hardware: those that the scenario plans, and those injected by hand.

A simulated device reads a list of faults in its own thread. Here items of such a list are
appended or replaced, never removed, so that a thread which iterates over it misses none.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from simulators.clock import SimulatedClock
from simulators.fault_kinds import FAULTS
from simulators.scenario import PlannedFault
from simulators.w1_faults import TimedFault

Target: TypeAlias = str | int  # a device's name, or the number of an I2C bus


class InjectedFault(NamedTuple):
    """A fault in place; its times are seconds since the scenario began."""

    planned: PlannedFault
    fault: Any
    by_hand: bool

    @property
    def target(self) -> Target:
        """The device or the bus that has the fault."""
        return target_of(self.planned)

    @property
    def begin(self) -> float:
        """When the fault begins."""
        return float(self.planned.arguments.get("at", 0.0))

    @property
    def end(self) -> float:
        """When the fault ends; infinity if it stays."""
        return self.begin + float(self.fault.lasts)


class Faults:
    """The faults of one machine, by device and bus."""

    def __init__(self, clock: SimulatedClock, planned: Sequence[PlannedFault]) -> None:
        self._clock = clock
        self._planned = planned
        self._began = clock.monotonic()
        self._make: dict[Target, Callable[[PlannedFault], Any]] = {}
        self._lists: dict[Target, list[Any]] = {}
        self._injected: list[InjectedFault] = []

    def of_transfers(self, target: Target, address: int | None = None) -> list[Any]:
        """Return the list of a chip's or a bus's faults, which may grow later."""
        return self._list(target, lambda fault: self._transfer_fault(fault, address))

    def of_files(self, device: str) -> list[TimedFault]:
        """Return the list of faults of a device that the kernel shows as files."""
        return self._list(device, lambda fault: TimedFault(fault.kind, **fault.arguments))

    def inject(self, fault: PlannedFault) -> InjectedFault:
        """Add a fault by hand; it replaces an earlier one of its kind on the same target."""
        new = self._made(fault, by_hand=True)
        faults = self._lists[new.target]
        for number, old in enumerate(self._injected):
            if old.by_hand and (old.target, old.planned.kind) == (new.target, fault.kind):
                faults[faults.index(old.fault)] = new.fault
                self._injected[number] = new
                return new
        faults.append(new.fault)
        self._injected.append(new)
        return new

    def repair(self, target: Target) -> list[InjectedFault]:
        """End the faults that a target has now, and return them."""
        active = [each for each in self.active() if each.target == target]
        for each in active:
            each.fault.lasts = self.now() - each.begin
        return active

    def active(self) -> list[InjectedFault]:
        """Return the faults that there are now."""
        return [each for each in self._injected if each.begin <= self.now() < each.end]

    def staged(self) -> list[InjectedFault]:
        """Return the faults of the scenario, past and to come."""
        return [each for each in self._injected if not each.by_hand]

    def struck(self) -> list[tuple[PlannedFault, int]]:
        """Return how often each fault has had an effect so far."""
        return [(each.planned, each.fault.struck) for each in self._injected]

    def now(self) -> float:
        """Return the seconds since the scenario began."""
        return self._clock.monotonic() - self._began

    def _list(self, target: Target, make: Callable[[PlannedFault], Any]) -> list[Any]:
        self._make[target] = make
        planned = [fault for fault in self._planned if target_of(fault) == target]
        injected = [self._made(fault, by_hand=False) for fault in planned]
        self._injected += injected
        self._lists[target] = [each.fault for each in injected]
        return self._lists[target]

    def _made(self, fault: PlannedFault, *, by_hand: bool) -> InjectedFault:
        return InjectedFault(fault, self._make[target_of(fault)](fault), by_hand)

    def _transfer_fault(self, fault: PlannedFault, address: int | None) -> Any:  # noqa: ANN401
        """Return the fault itself, its begin in the clock's own seconds."""
        arguments = {**fault.arguments, "at": self._began + fault.arguments.get("at", 0.0)}
        return FAULTS[fault.kind](self._clock, address=address, **arguments)


def target_of(fault: PlannedFault) -> Target:
    """Return the device or the bus that a fault is planned for."""
    return fault.device if fault.bus is None else fault.bus


def left(fault: InjectedFault, now: float) -> float | None:
    """Return the seconds until a fault ends, or None if it stays."""
    return None if math.isinf(fault.end) else fault.end - now
