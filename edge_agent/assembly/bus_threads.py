"""The threads of buses as a configuration has them: values that a reload compares and exchanges."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple

from drivers.base.driver import Driver
from drivers.base.members import Totalling
from edge_agent.acquire.totals import saved_total
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.events import Reading
from edge_agent.store.reader import LogReader
from edge_agent.threads import Worker


class Connected(NamedTuple):
    """A device, the driver that speaks to it, and the port that the driver uses."""

    resolved: ResolvedDevice
    driver: Driver
    port: Any

    def release(self) -> None:
        """Give back what only one device can have: the pins of a header."""
        if self.resolved.place.kind == "gpio":
            self.port.release()


class BusThread(NamedTuple):
    """One bus with its devices, and its thread."""

    devices: tuple[Connected, ...]
    inbox: SimpleQueue[Any]
    worker: Worker


class BusChange(NamedTuple):
    """What a reload brings: the buses that stop, and the threads that take their place.

    `fresh` are the devices whose drivers are new.
    """

    stopped: tuple[str, ...]
    threads: dict[str, BusThread]
    fresh: tuple[Connected, ...]

    def resume(self, reader: LogReader) -> None:
        """Let new counters continue from their saved totals, or from those in the log."""
        saved = reader.saved_states()
        for one in self.fresh:
            if isinstance(one.driver, Totalling):
                name = one.resolved.name
                total = saved_total(saved, name)
                one.driver.resume(total, {} if total else reader.latest_values(name))


def feeds(threads: Iterable[BusThread]) -> Iterator[Callable[[Reading], None]]:
    """Yield what hands each bus the readings that its devices compute with, if they do."""
    for thread in threads:
        names = {source.device for one in thread.devices for source in one.resolved.sources}
        if names:
            yield partial(_feed, thread.inbox, names)


def _feed(inbox: "SimpleQueue[Any]", names: set[str], reading: Reading) -> None:
    if reading.device in names:
        inbox.put(reading)
