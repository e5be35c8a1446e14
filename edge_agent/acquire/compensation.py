"""What a driver computes with that another device measures: its latest value, while it is new."""

from typing import NamedTuple

from drivers.base.driver import Driver
from drivers.base.members import Compensated
from edge_agent.events import Reading


class CompensationSource(NamedTuple):
    """The channel that an option of a driver names; its values count for `max_age` seconds."""

    option: str
    device: str
    channel: str
    max_age: float


class Compensation:
    """Hands a driver the latest values of its sources; the thread of its bus owns it.

    They are as the other chip measures them, before `offset` and the like: an offset is often what
    reduces a pressure to sea level.
    """

    def __init__(self, driver: Driver, sources: tuple[CompensationSource, ...]) -> None:
        self._driver = driver if sources and isinstance(driver, Compensated) else None
        self._sources = sources
        self._latest: dict[str, tuple[float, int]] = {}  # by option: a value, and its uptime in µs

    def take(self, reading: Reading) -> None:
        """Keep what a reading has for the driver."""
        for source in self._sources:
            if source.device == reading.device and source.channel in reading.values:
                value = reading.values[source.channel]
                self._latest[source.option] = (value, reading.moment.uptime)

    def apply(self, uptime: int) -> None:
        """Hand over the values that are new enough at an uptime in µs, and None for the others."""
        if self._driver is None:
            return
        for source in self._sources:
            value, since = self._latest.get(source.option, (0.0, None))
            new = since is not None and uptime - since <= source.max_age * 1e6
            self._driver.compensate(source.option, value if new else None)
