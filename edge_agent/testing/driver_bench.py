"""A driver on a bench: its waits move a clock, and its values are compared with the truth."""

from typing import Any

from drivers.base.channel import Channel
from drivers.base.driver import parted, run
from drivers.base.errors import DriverError
from simulators.clock import VirtualClock


class DriverBench:
    """One driver on any kind of bus; `waits` are the seconds that it has waited.

    `refused` are the channels without a value of the last measurement, and why.
    """

    refused: dict[str, DriverError]
    device: Any  # of any class: a chip's own tests look into it
    model: Any

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.waits: list[float] = []
        self.refused = {}

    def setup(self) -> None:
        """Run the driver's `setup`."""
        run(self.device.setup(), self.sleep)

    def measure(self) -> dict[str, float]:
        """Run the driver's `measure`; return what has a value."""
        values, self.refused = parted(run(self.device.measure(), self.sleep))
        return values

    def value(self, channel: str) -> float:
        """Measure; return a channel's value, or raise the error that it has instead."""
        values = self.measure()
        if channel in self.refused:
            raise self.refused[channel]
        return values[channel]

    def read(self) -> dict[str, float]:
        """Set up and measure."""
        self.setup()
        return self.measure()

    def sleep(self, seconds: float) -> None:
        """Move the clock, and record that the driver waited."""
        self.waits.append(seconds)
        self.clock.sleep(seconds)

    def expose(self, share: float = 0.37) -> "DriverBench":
        """Set the surroundings to this share of every range, and let the device notice."""
        raise NotImplementedError

    def set(self, channel: str, value: float) -> None:
        """Expose the device to a value, and let it notice."""
        raise NotImplementedError

    def felt(self) -> list[Channel]:
        """Return the channels that are inputs of the model: the others follow from them."""
        raise NotImplementedError

    def wrong(self, values: dict[str, float]) -> dict[str, tuple[float, float]]:
        """Return value and truth of the channels that are off by more than one step."""
        raise NotImplementedError
