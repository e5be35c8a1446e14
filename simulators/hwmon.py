"""A chip behind one of the kernel's hwmon drivers (Documentation/hwmon/sysfs-interface)."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Range

FACTORS = {"temp": 1000, "in": 1000, "curr": 1000, "power": 1_000_000, "humidity": 1000, "fan": 1}
ALARM = "in0_lcrit_alarm"


class Hwmon(LinuxModel):
    """A chip named `device` that has the channels `measure`; `broken` names a dead sensor."""

    inputs: ClassVar[Mapping[str, Range]] = {
        **{f"temp{n}": Range(-40, 125, 0.001) for n in range(1, 5)},
        **{f"in{n}": Range(0, 20, 0.001) for n in range(4)},
        **{f"curr{n}": Range(-5, 5, 0.001) for n in range(1, 4)},
        **{f"power{n}": Range(0, 100, 1e-6) for n in range(1, 4)},
        "humidity1": Range(0, 100, 0.001),
        "fan1": Range(0, 8000, 1),
        ALARM: Range(0, 1, 1),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        **{name: (span.low + span.high) / 2 for name, span in inputs.items()},
        ALARM: 0,
    }

    def __init__(
        self,
        clock: SimulatedClock,
        number: int = 0,
        *,
        device: str = "rpi_volt",
        measure: tuple[str, ...] = (ALARM,),
    ) -> None:
        super().__init__(clock, number)
        self.broken = ""
        self._device = device
        self._measure = measure

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the device's directory."""
        files: dict[str, Callable[[], str]] = {"name": lambda: f"{self._device}\n"}
        for channel in self._measure:
            files |= self._channel(channel)
        return {f"/sys/class/hwmon/hwmon{self.number}/{name}": f for name, f in files.items()}

    def _channel(self, name: str) -> dict[str, Callable[[], str]]:
        if name == ALARM:
            return {ALARM: lambda: f"{round(self.values[ALARM])}\n"}
        factor = FACTORS[name.rstrip("0123456789")]
        files = {f"{name}_input": lambda: f"{round(self.values[name] * factor)}\n"}
        if name.startswith("temp"):
            files[f"{name}_fault"] = lambda: f"{int(self.broken == name)}\n"
        return files
