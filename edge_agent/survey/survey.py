"""Finds a machine's sensors: chips on I2C, 1-Wire thermometers, and the kernel's own devices."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from drivers import hwmon, iio
from drivers.base.driver import Driver, DriverClass, is_sensor, read
from drivers.base.errors import DriverError
from drivers.base.linux import LinuxPort, entries
from edge_agent.acquire.hardware import Hardware
from edge_agent.acquire.scan import Found, scan

# Drivers of the kernel's whose sensors have a driver of their own here, by the name before the @.
OWN_DRIVERS = {
    "dht11": "dht22",  # which reads a DHT11 as well: they look alike until they measure
    "hx711": "hx711",
}
OWN = ("thermal", "throttled", "memory")  # what a machine can measure about itself, best first


class KernelDevice(NamedTuple):
    """A sensor with a kernel driver; `driver` is ours for it, or our iio or hwmon for `measure`."""

    driver: str
    device: str
    measure: tuple[str, ...]


class Survey(NamedTuple):
    """What was found; `own` are drivers that read this machine, `problems` is for the user."""

    chips: tuple[Found, ...] = ()
    thermometers: tuple[str, ...] = ()
    kernel: tuple[KernelDevice, ...] = ()
    own: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def survey(hardware: Hardware, drivers: Mapping[str, DriverClass]) -> Survey:
    """Scan everything, only reading; what cannot be scanned becomes a problem."""
    sensors = {name: driver for name, driver in drivers.items() if is_sensor(driver)}
    chips: list[Found] = []
    problems: list[str] = []
    for number in hardware.buses():
        try:
            chips += scan(hardware, number, sensors)
        except DriverError as error:
            problems.append(str(error))
    port = LinuxPort(hardware.kernel(), "survey")
    kernel = tuple(dict.fromkeys(kernel_devices(port)))
    own = tuple(name for name in OWN if _readable(sensors[name](port)))
    return Survey(tuple(chips), _thermometers(hardware), kernel, own, tuple(problems))


def _thermometers(hardware: Hardware) -> tuple[str, ...]:
    return tuple(sorted(hardware.ids()))


def _readable(driver: Driver) -> bool:
    try:
        read(driver, lambda _: None)
    except DriverError:
        return False
    return True


def kernel_devices(port: LinuxPort) -> Iterator[KernelDevice]:
    """Yield the sensors that the kernel reads, by the names of their files."""
    for driver in (iio, hwmon):
        for name, files in _devices(port, driver.DEVICES):
            measure = driver.measurable(files)
            own = OWN_DRIVERS.get(name.partition("@")[0])
            if own:
                yield KernelDevice(own, name, ())
            elif measure and name != "cpu_thermal":  # our driver `thermal` reads it
                yield KernelDevice(driver.__name__.rpartition(".")[2], name, measure)


def _devices(port: LinuxPort, devices: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each device's name, with its place if two share a name, and its files."""
    found = [each for each in entries(port, devices) if each.name]
    names = [each.name for each in found]
    for each in found:
        name = each.name if names.count(each.name) == 1 else each.full_name
        yield name, frozenset(port.names(each.directory))
