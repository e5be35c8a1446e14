"""The buses: drivers connected, and a thread for each bus that has devices."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any

from drivers.base.errors import DriverError
from edge_agent.acquire.bus_worker import BusItem, BusWorker
from edge_agent.acquire.due_device import DueDevice
from edge_agent.acquire.forced_calibration import ForcedCalibration
from edge_agent.acquire.hardware import Hardware
from edge_agent.acquire.ports import port
from edge_agent.acquire.schedule import phase_of_bus
from edge_agent.assembly.bus_threads import BusChange, BusThread, Connected, feeds
from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.clock import Clock
from edge_agent.errors import HardwareError
from edge_agent.events import Reading, SavedState
from edge_agent.figures import Figure
from edge_agent.live.fan_out import FanOut
from edge_agent.threads import Worker

STEP_SECONDS = 0.1
FIXED = "what changes on a pin, a serial line or SPI needs a restart"
REBUILT = {"i2c", "w1", "linux"}  # a driver need not be closed before another one opens the device


class Buses:
    """Owns the threads that measure; intervals begin `phase` µs after those of the wall clock.

    If there are many buses, those behind the first few begin a little later. `emit` gets
    the readings, `save` the totals of counters, `alive` the threads' signs of life, `report` their
    figures.
    """

    def __init__(
        self,
        hardware: Hardware,
        *,
        emit: Callable[[Reading], None],
        save: Callable[[SavedState], None],
        alive: Callable[[str], None],
        died: Callable[[str], None],
        clock: Clock,
        report: Callable[[Figure], None],
        phase: int = 0,
    ) -> None:
        self._hardware = hardware
        self._phase = phase
        self._emit = emit
        self._emitted: FanOut[Reading] = FanOut((emit,))
        self._save = save
        self._alive = alive
        self._died = died
        self._clock = clock
        self._report = report
        self._threads: dict[str, BusThread] = {}
        self._retired: dict[str, BusThread] = {}  # whose drivers go on if the change is refused
        self._stuck: dict[str, Worker] = {}  # threads of removed buses that have not ended

    def stop(self, deadline: float) -> None:
        """End the threads of all buses."""
        for thread in self._threads.values():
            thread.worker.request_stop()
        for thread in self._threads.values():
            thread.worker.join(deadline)

    def wake(self, device: str) -> bool:
        """Measure a device now; return whether there is one."""
        return self._send(device, ("wake", device))

    def calibrate(self, calibration: ForcedCalibration) -> bool:
        """Calibrate a device, which measures for minutes before; return whether there is one."""
        return self._send(calibration.device, calibration)

    def _send(self, device: str, item: BusItem) -> bool:
        for thread in self._threads.values():
            if any(one.resolved.name == device for one in thread.devices):
                thread.inbox.put(item)
                return True
        return False

    def obstacles(self, devices: Iterable[ResolvedDevice]) -> list[str]:
        """Return why devices cannot take the place of those that run; empty if they can."""
        before = self._connected()
        return [
            f"device.{new.name}: {FIXED}"
            for new in devices
            if new.place.kind not in REBUILT
            and new.name in before
            and not same_driver(before[new.name].resolved, new)
        ]

    def prepare(self, devices: Iterable[ResolvedDevice]) -> BusChange:
        """Connect what is new, and touch nothing that runs; raise HardwareError if that fails."""
        wanted, before = by_bus(devices), self._connected()
        changed = [
            name
            for name in {**self._threads, **wanted}
            if [one.resolved for one in self._devices(name)] != wanted.get(name, [])
        ]
        phases = {name: phase_of_bus(self._phase, n) for n, name in enumerate(wanted)}
        threads = {
            name: self._build(name, [self._connect(one, before) for one in wanted[name]], phase)
            for name, phase in phases.items()
            if name in changed
        }
        connected = (one for thread in threads.values() for one in thread.devices)
        fresh = tuple(one for one in connected if _is_fresh(one, before))
        return BusChange(tuple(name for name in changed if name in self._threads), threads, fresh)

    def retire(self, change: BusChange, deadline: float, stopping: Callable[[], bool]) -> None:
        """Stop the threads that a change replaces, so that old devices give no more readings.

        The wait ends at `deadline`, or when `stopping` turns true.
        """
        for name in change.stopped:
            self._retired[name] = self._threads.pop(name)
            self._retired[name].worker.request_stop()
        for name in change.stopped:
            worker = self._retired[name].worker
            while worker.alive and time.monotonic() < deadline and not stopping():
                worker.join(min(deadline, time.monotonic() + STEP_SECONDS))
            if not worker.alive:
                self._release(name, change)

    def _release(self, name: str, change: BusChange) -> None:
        """Release the devices that a change removes; if it is refused, they claim pins again."""
        kept = [one.driver for thread in change.threads.values() for one in thread.devices]
        for one in self._retired[name].devices:
            if all(one.driver is not driver for driver in kept):
                one.release()

    def commit(self, change: BusChange) -> None:
        """Start the prepared threads."""
        self._threads |= change.threads
        workers = ((name, one.worker) for name, one in self._retired.items())
        self._stuck |= {name: worker for name, worker in workers if worker.alive}
        self._retired.clear()
        self._emitted.listeners = (self._emit, *feeds(self._threads.values()))
        for thread in change.threads.values():
            thread.worker.start()

    def _connected(self) -> dict[str, Connected]:
        threads = (*self._retired.values(), *self._threads.values())
        return {one.resolved.name: one for thread in threads for one in thread.devices}

    def _devices(self, name: str) -> tuple[Connected, ...]:
        return self._threads[name].devices if name in self._threads else ()

    def _connect(self, resolved: ResolvedDevice, before: Mapping[str, Connected]) -> Connected:
        old = before.get(resolved.name)
        if old is not None and same_driver(old.resolved, resolved):
            return old._replace(resolved=resolved)
        with explained():
            connected = port(self._hardware, resolved.place, resolved.name)
            return Connected(resolved, resolved.built_on(connected), connected)

    def _build(self, name: str, devices: list[Connected], phase: int) -> BusThread:
        inbox: SimpleQueue[Any] = SimpleQueue()
        bus = BusWorker(
            name,
            [
                DueDevice.of(
                    one.resolved.name,
                    one.driver,
                    one.resolved.settings.every,
                    phase,
                    one.resolved.sources,
                )
                for one in devices
            ],
            inbox,
            emit=self._emitted.put,
            save=self._save,
            clock=self._clock,
            progress=partial(self._alive, name),
            report=self._report,
        )
        run = partial(run_after, self._predecessor(name), bus.run)
        worker = Worker(name, run, partial(inbox.put, None), self._died)
        return BusThread(tuple(devices), inbox, worker)

    def _predecessor(self, name: str) -> Worker | None:
        """Return the last thread of a bus, which a new one has to wait for."""
        for threads in (self._threads, self._retired):
            if name in threads:
                return threads[name].worker
        return self._stuck.get(name)


def run_after(predecessor: Worker | None, run: Callable[[], None]) -> None:
    """Run when another thread has ended: two threads must never use one driver."""
    if predecessor is not None:
        predecessor.wait()
    run()


def _is_fresh(one: Connected, before: Mapping[str, Connected]) -> bool:
    old = before.get(one.resolved.name)
    return old is None or old.driver is not one.driver


def by_bus(devices: Iterable[ResolvedDevice]) -> dict[str, list[ResolvedDevice]]:
    """Return the devices of each bus."""
    buses: dict[str, list[ResolvedDevice]] = defaultdict(list)
    for resolved in devices:
        buses[resolved.place.line].append(resolved)
    return dict(buses)


def same_driver(
    one: ResolvedDevice | ResolvedOutput, other: ResolvedDevice | ResolvedOutput
) -> bool:
    """Return whether a driver can be kept: its chip, place and options are the same."""
    return (one.driver, one.place, one.options) == (other.driver, other.place, other.options)


@contextmanager
def explained() -> Iterator[None]:
    """Turn a driver's error into one that ends a command: what is configured must be there."""
    try:
        yield
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
