"""Sensors that the kernel's hwmon drivers read: Documentation/hwmon/sysfs-interface."""

from collections.abc import Collection
from functools import partial
from typing import ClassVar, Literal, NamedTuple, TypeAlias, get_args

from drivers.base.blindness import UNCHECKED, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Steps, Values, checked, value_or_error
from drivers.base.errors import DriverError, NotReady, WrongChip
from drivers.base.humidity import of_kernel
from drivers.base.linux import Entry, LinuxPort, find, number, verify

DEVICES = "/sys/class/hwmon"

Name: TypeAlias = Literal[
    "temp1",
    "temp2",
    "temp3",
    "temp4",
    "in0",
    "in1",
    "in2",
    "in3",
    "curr1",
    "curr2",
    "curr3",
    "power1",
    "power2",
    "power3",
    "humidity1",
    "fan1",
    "in0_lcrit_alarm",
]


class Attribute(NamedTuple):
    """A file's ending, the factor from its unit to ours, and what our channel is like."""

    ending: str
    factor: float
    quantity: str
    unit: str
    low: float
    high: float
    step: float


KINDS = {  # m°C, mV, mA, µW, m%, rpm; an alarm is 0 or 1
    "temp": Attribute("_input", 1e-3, "temperature", "°C", -273.15, 1000, 0.001),
    "in": Attribute("_input", 1e-3, "voltage", "V", -1000, 1000, 0.001),
    "curr": Attribute("_input", 1e-3, "current", "A", -1000, 1000, 0.001),
    "power": Attribute("_input", 1e-6, "power", "W", -100_000, 100_000, 1e-6),
    "humidity": Attribute("_input", 1e-3, "humidity", "%", 0, 100, 0.001),
    "fan": Attribute("_input", 1, "rotational_speed", "rpm", 0, 100_000, 1),
    "in0_lcrit_alarm": Attribute("", 1, "binary", "", 0, 1, 1),
}


def attribute(name: str) -> Attribute:
    """Return what a name of the interface means."""
    return KINDS.get(name) or KINDS[name.rstrip("0123456789")]


def channel(name: str) -> Channel:
    """Return the channel of a name."""
    found = attribute(name)
    return Channel(name, found.unit, found.low, found.high, found.step, found.quantity)


class Hwmon:
    """Any sensor that the kernel drives under /sys/class/hwmon, such as `rpi_volt`'s alarm."""

    bus: ClassVar[BusKind] = "linux"
    blind: ClassVar[tuple[Blindness, ...]] = (UNCHECKED,)
    channels: tuple[Channel, ...] = tuple(channel(name) for name in get_args(Name))

    def __init__(self, port: LinuxPort, *, device: str, measure: tuple[Name, ...]) -> None:
        """`device`: its name, or `lm75@1-0048` with its place if two have that name."""
        each_once("measure", measure)
        self._port = port
        self._device = device
        self._entry = Entry("", "", "")
        self._files: frozenset[str] = frozenset()
        self.channels = tuple(channel(name) for name in measure)

    def setup(self) -> Steps[None]:
        """Find the device, whose number moves from boot to boot."""
        self._entry = find(self._port, DEVICES, self._device)
        self._files = frozenset(self._port.names(self._entry.directory))
        for each in self.channels:
            if each.name + attribute(each.name).ending not in self._files:
                raise WrongChip(self._port.where, f"{self._device} has no {each.name}")
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read each channel; one whose sensor is broken (`temp1_fault`) has no value."""
        values = {}
        for each in self.channels:
            values[each.name] = value_or_error(partial(self._value, each.name), DriverError)
            yield 0.0
        verify(self._port, self._entry)
        return checked(self.channels, values, self._port.where)

    def _value(self, name: str) -> float | DriverError:
        if f"{name}_fault" in self._files and self._number(f"{name}_fault"):
            raise NotReady(self._port.where, f"the kernel says that {name} is broken")
        found = attribute(name)
        value = self._number(name + found.ending) * found.factor
        return of_kernel(value, self._port.where) if found.quantity == "humidity" else value

    def _number(self, file: str) -> float:
        return number(
            self._port.read(f"{self._entry.directory}/{file}"), f"{self._port.where}:{file}"
        )


def measurable(files: Collection[str]) -> tuple[str, ...]:
    """Return the channels of a device, by the names of its files."""
    names = (channel.name for channel in Hwmon.channels)
    return tuple(name for name in names if name + attribute(name).ending in files)
