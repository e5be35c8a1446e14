"""A driver on a bench: its waits move a clock, and its values are compared with the truth."""

from typing import Any

from drivers.base.driver import run
from simulators.clock import VirtualClock


class DriverBench:
    """One driver on any kind of bus; `waits` are the seconds that it has waited."""

    device: Any  # of any class: a chip's own tests look into it

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.waits: list[float] = []

    def setup(self) -> None:
        """Run the driver's `setup`."""
        run(self.device.setup(), self.sleep)

    def measure(self) -> dict[str, float]:
        """Run the driver's `measure`."""
        values: dict[str, float] = run(self.device.measure(), self.sleep)
        return values

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

    def wrong(self, values: dict[str, float]) -> dict[str, tuple[float, float]]:
        """Return value and truth of the channels that are off by more than one step."""
        raise NotImplementedError
