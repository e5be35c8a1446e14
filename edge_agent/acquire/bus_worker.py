"""The bus worker: one thread per bus, interleaving the measurements of its devices.

A measurement is a generator; each wait it yields is time for the other devices.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from queue import Empty, SimpleQueue
from typing import Literal, TypeAlias

from drivers.base.members import KnowsTime, Totalling
from edge_agent.acquire.bus_watch import BusWatch
from edge_agent.acquire.cycle import Cycle
from edge_agent.acquire.due_device import DueDevice
from edge_agent.acquire.forced_calibration import ForcedCalibration
from edge_agent.acquire.satellite_time import SatelliteTime
from edge_agent.acquire.totals import SavedTotal
from edge_agent.clock import Clock
from edge_agent.events import Reading, SavedState
from edge_agent.figures import Figure, unreported

IDLE = 5.0  # a sign of life at least this often
TOGETHER = 0.002  # seconds: one wake-up serves what is due within them
BY_DUE = attrgetter("due")

BusItem: TypeAlias = tuple[Literal["wake"], str] | ForcedCalibration | Reading | None


class BusWorker:
    """Measures the devices of one bus, at least one, until None comes into `inbox`.

    Readings come into it if a driver computes with another device's values.
    `emit` gets every reading, good or not, `save` the totals of counters, and `report` how each
    attempt ended; `progress` is called at least every 5 s.
    """

    def __init__(
        self,
        name: str,
        devices: Sequence[DueDevice],
        inbox: "SimpleQueue[BusItem]",
        *,
        emit: Callable[[Reading], None],
        clock: Clock,
        progress: Callable[[], None] = lambda: None,
        save: Callable[[SavedState], None] = lambda _: None,
        report: Callable[[Figure], None] = unreported,
    ) -> None:
        self.name = name
        self._inbox = inbox
        self._clock = clock
        self._progress = progress
        self._cycles = [
            Cycle(device, emit, clock, partial(inbox.put, ("wake", device.name)), report)
            for device in devices
        ]
        self._taking_turns = any(cycle.shared for cycle in self._cycles)
        self._watch = BusWatch(name, tuple(self._cycles), clock)
        self._totals = [
            SavedTotal(device.name, device.driver, save, clock)
            for device in devices
            if isinstance(device.driver, Totalling)
        ]
        self._times = _times(devices, clock)
        self._stopping = False

    def run(self) -> None:
        """Measure until the stop item arrives; the measurement under way is broken off."""
        try:
            while not self._stopping:
                self._progress()
                self.take(self.step())
        finally:
            for cycle in self._cycles:
                cycle.close()
            for total in self._totals:
                total.save(stopped=True)

    def step(self) -> float:
        """Take the device that is due first one wait further; return seconds until the next is.

        One at a time, so that even on a stuck bus a stop waits for one transaction only.
        """
        first = min(self._free(), key=BY_DUE)
        if first.due <= self._clock.monotonic():
            self._advance(first)
        self._save_totals()
        return self._wait()

    def _advance(self, cycle: Cycle) -> None:
        """Continue a device, and put it behind those that are due as early."""
        outcome = cycle.advance()
        self._watch.observe(cycle, outcome)
        self._cycles.remove(cycle)
        self._cycles.append(cycle)
        if outcome == "ended" and cycle.device.name in self._times:
            self._times[cycle.device.name].look()

    def _wait(self) -> float:
        """Return seconds: what is due first waits for others, as to wake up costs more than it."""
        due = [cycle.due for cycle in self._free()] + [total.due for total in self._totals]
        first, now = min(due), self._clock.monotonic()
        if first <= now:
            return 0.0
        return max([one for one in due if one <= first + TOGETHER]) - now

    def _free(self) -> list[Cycle]:
        """Return the devices that may advance, those that had no turn for longest first."""
        return [*filter(self._may_advance, self._cycles)] if self._taking_turns else self._cycles

    def _may_advance(self, cycle: Cycle) -> bool:
        """Return whether no other device is using what this one needs for itself."""
        if not cycle.shared or cycle.under_way:
            return True
        return not any(one.under_way and one.shared == cycle.shared for one in self._cycles)

    def _save_totals(self) -> None:
        for total in self._totals:
            if total.due <= self._clock.monotonic():
                total.save()

    def take(self, wait: float) -> None:
        """Wait for one item, at most `wait` seconds and never longer than `IDLE`."""
        if wait <= 0 and self._inbox.empty():
            return
        try:
            item = self._inbox.get(timeout=min(wait, IDLE))
        except Empty:
            return
        if item is None:
            self._stopping = True
            return
        for cycle in self._cycles:
            if isinstance(item, Reading):
                cycle.compensate(item)
            elif isinstance(item, ForcedCalibration):
                cycle.calibrate(item)
            elif cycle.device.name == item[1]:
                cycle.wake()


def _times(devices: Sequence[DueDevice], clock: Clock) -> dict[str, SatelliteTime]:
    """Return what receivers of satellites say, by the names of their devices."""
    return {
        device.name: SatelliteTime(device.name, device.driver, clock)
        for device in devices
        if isinstance(device.driver, KnowsTime)
    }
