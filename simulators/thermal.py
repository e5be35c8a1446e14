"""A thermal zone of the kernel (Documentation/driver-api/thermal/sysfs-api.rst)."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Range


class Thermal(LinuxModel):
    """A zone of the type `zone`."""

    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-55, 150, 0.001)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 48.0}

    def __init__(
        self, clock: SimulatedClock, number: int = 0, *, zone: str = "cpu-thermal"
    ) -> None:
        super().__init__(clock, number)
        self._zone = zone

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the zone's directory."""
        directory = f"/sys/class/thermal/thermal_zone{self.number}"
        return {
            f"{directory}/type": lambda: f"{self._zone}\n",
            f"{directory}/temp": lambda: f"{round(self.values['temperature'] * 1000)}\n",
        }
