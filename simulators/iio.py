"""A sensor behind one of the kernel's IIO drivers (Documentation/ABI/testing/sysfs-bus-iio)."""

import math
from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Range

AXES = ("x", "y", "z")
# Files, and what they count of our unit: some drivers give a value, others raw, offset and scale.
INPUTS = {
    "temperature": ("in_temp", 1000),
    "humidity": ("in_humidityrelative", 1000),
    "atmospheric_pressure": ("in_pressure", 0.1),
    "carbon_dioxide": ("in_concentration_co2", 1e-4),
    "distance": ("in_distance", 1),
    "resistance": ("in_resistance", 1),
    "power": ("in_power", 1000),
}
RAW = {  # scale and offset of the file, and what they count of our unit
    "illuminance": ("in_illuminance", 0.01, 0, 1),
    "current": ("in_current", 0.5, 20, 1000),
    **{f"voltage{n}": (f"in_voltage{n}", 0.125, 0, 1000) for n in range(4)},
    **{f"acceleration_{axis}": (f"in_accel_{axis}", 0.000598, 0, 1) for axis in AXES},
    **{f"angular_velocity_{axis}": (f"in_anglvel_{axis}", 1e-5, 0, math.pi / 180) for axis in AXES},
}
SHARED = ("in_accel", "in_anglvel")  # one scale for all three axes


class IIO(LinuxModel):
    """A sensor named `device` that has the channels `measure`."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 0.001),
        "humidity": Range(0, 100, 0.001),
        "atmospheric_pressure": Range(300, 1100, 0.001),
        "carbon_dioxide": Range(0, 40_000, 1),
        "distance": Range(0, 4, 0.001),
        "resistance": Range(0, 1e6, 0.001),
        "power": Range(0, 100, 0.001),
        "illuminance": Range(0, 100_000, 0.01),
        "current": Range(-3, 3, 0.001),
        **{f"voltage{n}": Range(-4, 4, 0.001) for n in range(4)},
        **{f"acceleration_{axis}": Range(-20, 20, 0.001) for axis in AXES},
        **{f"angular_velocity_{axis}": Range(-250, 250, 0.001) for axis in AXES},
    }
    quiet: ClassVar[Mapping[str, float]] = {
        **{name: (span.low + span.high) / 2 for name, span in inputs.items()},
        "temperature": 21.0,
        "atmospheric_pressure": 1013.25,
        "carbon_dioxide": 600.0,
    }

    def __init__(
        self,
        clock: SimulatedClock,
        number: int = 0,
        *,
        device: str = "bme280",
        measure: tuple[str, ...] = ("temperature",),
    ) -> None:
        super().__init__(clock, number)
        self._device = device
        self._measure = measure

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return the device's directory."""
        directory = f"/sys/bus/iio/devices/iio:device{self.number}"
        files: dict[str, Callable[[], str]] = {"name": lambda: f"{self._device}\n"}
        for channel in self._measure:
            files |= self._raw(channel) if channel in RAW else self._input(channel)
        return {f"{directory}/{name}": text for name, text in files.items()}

    def _input(self, channel: str) -> dict[str, Callable[[], str]]:
        stem, factor = INPUTS[channel]
        return {f"{stem}_input": lambda: f"{self.values[channel] * factor:.7f}\n"}

    def _raw(self, channel: str) -> dict[str, Callable[[], str]]:
        stem, scale, offset, factor = RAW[channel]
        files = {
            f"{stem}_raw": lambda: f"{round(self.values[channel] * factor / scale) - offset}\n",
            f"{_kind(stem)}_scale": lambda: f"{scale:.9f}\n",
        }
        return files | ({f"{stem}_offset": lambda: f"{offset}\n"} if offset else {})


def _kind(stem: str) -> str:
    """Return where a scale is: shared by all axes and inputs of a kind, or the channel's own."""
    kind = stem.rstrip("0123456789")
    return next((shared for shared in SHARED if stem.startswith(shared)), kind)
