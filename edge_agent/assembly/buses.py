"""The buses: drivers connected, and a thread for each line that has devices."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple

from drivers.base.driver import Driver, Totalling
from drivers.base.errors import DriverError
from edge_agent.acquire.bus_worker import BusWorker, DueDevice
from edge_agent.acquire.hardware import Hardware
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.clock import Clock
from edge_agent.errors import HardwareError
from edge_agent.events import Reading
from edge_agent.threads import Worker

FIXED = "what changes on a pin, a serial line or SPI needs a restart"
REBUILT = {"i2c", "w1", "linux"}  # what nobody has to give back before another one takes it


class Connected(NamedTuple):
    """A device, and the driver that speaks to it."""

    resolved: ResolvedDevice
    driver: Driver


class BusThread(NamedTuple):
    """One bus with its devices, and its thread."""

    devices: tuple[Connected, ...]
    inbox: "SimpleQueue[Any]"
    worker: Worker


class Buses:
    """Owns the threads that measure; `emit` gets the readings, `alive` their signs of life."""

    def __init__(
        self,
        hardware: Hardware,
        *,
        emit: Callable[[Reading], None],
        alive: Callable[[str], None],
        died: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._hardware = hardware
        self._emit = emit
        self._alive = alive
        self._died = died
        self._clock = clock
        self._lines: dict[str, BusThread] = {}

    @property
    def names(self) -> list[str]:
        """Return the lines' names."""
        return list(self._lines)

    def connect(self, devices: Iterable[ResolvedDevice]) -> None:
        """Build every line; raise HardwareError where something is not there."""
        for name, resolved in by_line(devices).items():
            self._lines[name] = self._build(name, [self._connected(one, {}) for one in resolved])

    def totals(self) -> Iterator[tuple[str, Totalling]]:
        """Yield the counters, which go on where the log left them."""
        for line in self._lines.values():
            for one in line.devices:
                if isinstance(one.driver, Totalling):
                    yield one.resolved.name, one.driver

    def start(self) -> None:
        """Let all lines measure."""
        for line in self._lines.values():
            line.worker.start()

    def stop(self, deadline: float) -> None:
        """End all lines' threads."""
        for line in self._lines.values():
            line.worker.tell()
        for line in self._lines.values():
            line.worker.join(deadline)

    def wake(self, device: str) -> bool:
        """Measure a device now; return whether there is one."""
        for line in self._lines.values():
            if any(one.resolved.name == device for one in line.devices):
                line.inbox.put(("wake", device))
                return True
        return False

    def obstacles(self, devices: Iterable[ResolvedDevice]) -> list[str]:
        """Return why devices cannot take the place of those that run; nothing where they can."""
        before = self._connected_now()
        return [
            f"device.{new.name}: {FIXED}"
            for new in devices
            if new.place.kind not in REBUILT
            and new.name in before
            and not same_driver(before[new.name].resolved, new)
        ]

    def renew(self, devices: Iterable[ResolvedDevice], deadline: float) -> list[str]:
        """Let lines whose devices have changed begin anew; return their names."""
        wanted = by_line(devices)
        drivers = self._connected_now()
        changed = [
            name
            for name in {**self._lines, **wanted}
            if [one.resolved for one in self._devices(name)] != wanted.get(name, [])
        ]
        for name in changed:
            line = self._lines.pop(name, None)
            if line is not None:
                line.worker.finish(deadline)
        for name in changed:
            if name in wanted:
                connected = [self._connected(one, drivers) for one in wanted[name]]
                self._lines[name] = self._build(name, connected)
                self._lines[name].worker.start()
        return changed

    def _connected_now(self) -> dict[str, Connected]:
        return {one.resolved.name: one for line in self._lines.values() for one in line.devices}

    def _devices(self, name: str) -> tuple[Connected, ...]:
        return self._lines[name].devices if name in self._lines else ()

    def _connected(self, resolved: ResolvedDevice, before: Mapping[str, Connected]) -> Connected:
        old = before.get(resolved.name)
        if old is not None and same_driver(old.resolved, resolved):
            return Connected(resolved, old.driver)
        with explained():
            return Connected(resolved, resolved.build(self._hardware))

    def _build(self, name: str, devices: list[Connected]) -> BusThread:
        inbox: SimpleQueue[Any] = SimpleQueue()
        bus = BusWorker(
            name,
            [
                DueDevice.of(one.resolved.name, one.driver, one.resolved.settings.every)
                for one in devices
            ],
            inbox,
            emit=self._emit,
            clock=self._clock,
            progress=partial(self._alive, name),
        )
        worker = Worker(name, bus.run, partial(inbox.put, None), self._died)
        return BusThread(tuple(devices), inbox, worker)


def by_line(devices: Iterable[ResolvedDevice]) -> dict[str, list[ResolvedDevice]]:
    """Return the devices of each line."""
    lines: dict[str, list[ResolvedDevice]] = defaultdict(list)
    for resolved in devices:
        lines[resolved.place.line].append(resolved)
    return dict(lines)


def same_driver(one: ResolvedDevice, other: ResolvedDevice) -> bool:
    """Tell whether a driver may go on: its chip, place and options are the same."""
    return (one.driver, one.place, one.options) == (other.driver, other.place, other.options)


@contextmanager
def explained() -> Iterator[None]:
    """Turn a driver's error into one that ends a command: what is configured must be there."""
    try:
        yield
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
