"""Looks at a machine: chips on I2C, 1-Wire thermometers, and what the kernel itself measures."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from drivers import hwmon, iio
from drivers.base.driver import Driver, DriverClass, is_sensor, read
from drivers.base.errors import DriverError
from drivers.base.linux import LinuxPort
from edge_agent.acquire.hardware import Hardware
from edge_agent.acquire.scan import Found, scan

OWN = ("thermal", "throttled", "memory")  # what a machine may know of itself, best first


class KernelDevice(NamedTuple):
    """A sensor that the kernel drives, `driver` being our iio or hwmon, and what it has."""

    driver: str
    device: str
    measure: tuple[str, ...]


class Survey(NamedTuple):
    """What was found; `own` are drivers that read this machine; `troubles` are for the user."""

    chips: tuple[Found, ...] = ()
    thermometers: tuple[str, ...] = ()
    kernel: tuple[KernelDevice, ...] = ()
    own: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()


def survey(hardware: Hardware, drivers: Mapping[str, DriverClass]) -> Survey:
    """Look at everything, reading only; what cannot be looked at becomes a trouble."""
    sensors = {name: driver for name, driver in drivers.items() if is_sensor(driver)}
    chips: list[Found] = []
    troubles: list[str] = []
    for number in hardware.buses():
        try:
            chips += scan(hardware, number, sensors)
        except DriverError as error:
            troubles.append(str(error))
    port = LinuxPort(hardware.kernel(), "survey")
    kernel = tuple(dict.fromkeys(_kernel(port)))
    own = tuple(name for name in OWN if _readable(sensors[name](port)))
    return Survey(tuple(chips), _thermometers(hardware), kernel, own, tuple(troubles))


def _thermometers(hardware: Hardware) -> tuple[str, ...]:
    return tuple(sorted(hardware.ids()))


def _readable(driver: Driver) -> bool:
    try:
        read(driver, lambda _: None)
    except DriverError:
        return False
    return True


def _kernel(port: LinuxPort) -> Iterator[KernelDevice]:
    for driver in (iio, hwmon):
        for name, files in _devices(port, driver.DEVICES):
            measure = driver.measurable(files)
            if measure and name != "cpu_thermal":  # what our driver `thermal` reads
                yield KernelDevice(driver.__name__.rpartition(".")[2], name, measure)


def _devices(port: LinuxPort, place: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each device's name, or its directory where two have one name, and its files."""
    found = []
    for directory in port.names(place):
        files = frozenset(port.names(f"{place}/{directory}"))
        if "name" in files:
            found.append((port.read(f"{place}/{directory}/name"), directory, files))
    names = [name for name, *_ in found]
    for name, directory, files in found:
        yield name if names.count(name) == 1 else directory, files
