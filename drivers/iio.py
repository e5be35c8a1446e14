"""Sensors that the kernel's IIO drivers read: Documentation/ABI/testing/sysfs-bus-iio."""

import math
from collections.abc import Collection
from functools import partial
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from drivers.base.blindness import UNCHECKED, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Steps, Values, checked, value_or_error
from drivers.base.errors import DriverError, WrongChip
from drivers.base.humidity import of_kernel
from drivers.base.linux import Entry, LinuxPort, find, number, verify

DEVICES = "/sys/bus/iio/devices"

Name: TypeAlias = Literal[
    "temperature",
    "humidity",
    "atmospheric_pressure",
    "illuminance",
    "carbon_dioxide",
    "distance",
    "resistance",
    "power",
    "current",
    "voltage0",
    "voltage1",
    "voltage2",
    "voltage3",
    "acceleration_x",
    "acceleration_y",
    "acceleration_z",
    "angular_velocity_x",
    "angular_velocity_y",
    "angular_velocity_z",
]


class Attribute(NamedTuple):
    """How the kernel names a channel, and the factor from its unit to ours."""

    stem: str
    factor: float
    channel: Channel


def _table() -> dict[str, Attribute]:
    """Return the ABI's channels: m°C, m%, kPa, lx, share of CO2 in %, m, Ω, mW, mA, mV, rad/s."""
    rows = [
        ("in_temp", 1e-3, Channel("temperature", "°C", -273.15, 2000, 0.001)),
        ("in_humidityrelative", 1e-3, Channel("humidity", "%", 0, 100, 0.001)),
        ("in_pressure", 10, Channel("atmospheric_pressure", "hPa", 0, 20_000, 0.001)),
        ("in_illuminance", 1, Channel("illuminance", "lx", 0, 200_000, 0.001)),
        ("in_concentration_co2", 1e4, Channel("carbon_dioxide", "ppm", 0, 100_000, 1)),
        ("in_distance", 1, Channel("distance", "m", 0, 1000, 0.001)),
        ("in_resistance", 1, Channel("resistance", "Ω", 0, 1e9, 0.001)),
        ("in_power", 1e-3, Channel("power", "W", -10_000, 10_000, 0.001)),
        ("in_current", 1e-3, Channel("current", "A", -1000, 1000, 0.001)),
    ]
    for n in range(4):
        channel = Channel(f"voltage{n}", "V", -1000, 1000, 0.001, "voltage")
        rows.append((f"in_voltage{n}", 1e-3, channel))
    for axis in "xyz":
        turn = Channel(
            f"angular_velocity_{axis}", "°/s", -10_000, 10_000, 0.001, "angular_velocity"
        )
        push = Channel(f"acceleration_{axis}", "m/s²", -5000, 5000, 0.001, "acceleration")
        rows += [(f"in_anglvel_{axis}", 180 / math.pi, turn), (f"in_accel_{axis}", 1, push)]
    return {row[2].name: Attribute(*row) for row in rows}


ATTRIBUTES = _table()
# Whose files are not as the ABI has them, and why; each has a driver of its name
OWN = {"hx711": "it counts from the middle of its range, and has no offset for it"}


class IIO:
    """Any sensor that the kernel drives under /sys/bus/iio: `dtoverlay=i2c-sensor,…` and others."""

    bus: ClassVar[BusKind] = "linux"
    blind: ClassVar[tuple[Blindness, ...]] = (UNCHECKED,)
    channels: tuple[Channel, ...] = tuple(each.channel for each in ATTRIBUTES.values())

    def __init__(self, port: LinuxPort, *, device: str, measure: tuple[Name, ...]) -> None:
        """`device`: its name, or `lm75@1-0048` with its place if two have that name."""
        each_once("measure", measure)
        name = device.partition("@")[0]
        if name in OWN:
            raise ValueError(f'device: {name}: {OWN[name]}; write driver = "{name}"')
        self._port = port
        self._device = device
        self._attributes = [ATTRIBUTES[name] for name in measure]
        self._entry = Entry("", "", "")
        self._files: frozenset[str] = frozenset()
        self.channels = tuple(each.channel for each in self._attributes)

    def setup(self) -> Steps[None]:
        """Find the device, whose number moves from boot to boot, and its files."""
        self._entry = find(self._port, DEVICES, self._device)
        name = self._entry.name.partition("@")[0]
        if name in OWN:  # `device` may be its place alone
            raise WrongChip(self._port.where, OWN[name], f'write driver = "{name}"')
        self._files = frozenset(self._port.names(self._entry.directory))
        for each in self._attributes:
            if not {f"{each.stem}_input", f"{each.stem}_raw"} & self._files:
                raise WrongChip(self._port.where, f"{self._device} has no {each.channel.name}")
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read each channel, for itself; the kernel's driver converts meanwhile."""
        values = {}
        for each in self._attributes:
            values[each.channel.name] = value_or_error(partial(self._read, each), DriverError)
            yield 0.0
        verify(self._port, self._entry)
        return checked(self.channels, values, self._port.where)

    def _read(self, attribute: Attribute) -> float | DriverError:
        value = self._value(attribute.stem) * attribute.factor
        if attribute.channel.quantity == "humidity":
            return of_kernel(value, self._port.where)
        return value

    def _value(self, stem: str) -> float:
        if f"{stem}_input" in self._files:
            return self._number(f"{stem}_input")
        offset = self._shared(stem, "offset", 0.0)
        return (self._number(f"{stem}_raw") + offset) * self._shared(stem, "scale", 1.0)

    def _shared(self, stem: str, what: str, default: float) -> float:
        """Return a channel's own file, or the one that all of its kind share."""
        kind = "_".join(stem.split("_")[:2]).rstrip("0123456789")
        for file in (f"{stem}_{what}", f"{kind}_{what}"):
            if file in self._files:
                return self._number(file)
        return default

    def _number(self, file: str) -> float:
        text = self._port.read(f"{self._entry.directory}/{file}")
        return number(text, f"{self._port.where}:{file}")


def measurable(files: Collection[str]) -> tuple[str, ...]:
    """Return the channels of a device, by the names of its files."""
    stems = {file.removesuffix("_input").removesuffix("_raw") for file in files}
    return tuple(name for name, each in ATTRIBUTES.items() if each.stem in stems)
