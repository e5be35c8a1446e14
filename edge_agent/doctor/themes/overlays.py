"""Sensors that the kernel reads: their overlay is loaded, and the kernel hears them."""

from collections.abc import Iterator
from typing import NamedTuple

from drivers.base.driver import Driver, is_sensor, run
from drivers.base.errors import BusMissing, DriverError
from drivers.base.linux import LinuxPort
from drivers.base.members import Overlaid
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem
from edge_agent.doctor.instruments.boot import read_boot

REBOOT = "`sudo reboot`: the firmware reads the line at boot"
ADVICE = {
    "overlay-missing": "add the sensor's `dtoverlay` line to config.txt, then reboot",
    "overlay-not-rebooted": "reboot",
    "overlay-no-module": "`sudo modprobe` the kernel's driver",
    "overlay-ambiguous": "correct `device`",
    "overlay-silent": "correct the pin in config.txt, or check the wiring",
}


class Sensor(NamedTuple):
    """A sensor that the kernel reads: its driver here, with the kernel's `overlay` for it."""

    name: str
    overlay: str
    wiring: str
    driver: Driver

    @property
    def module(self) -> str:
        """The kernel's driver."""
        return self.overlay.removeprefix("dtoverlay=").partition(",")[0]


def overlaid(case: Case) -> Iterator[Sensor]:
    """Yield each sensor that the kernel reads with an overlay."""
    for one in case.placed("linux"):
        if isinstance(one.driver, Overlaid) and is_sensor(one.driver):
            port = LinuxPort(case.hardware.kernel(), one.name)
            driver = one.driver(port, **one.options)
            yield Sensor(one.name, one.driver.overlay, one.driver.wiring, driver)


def check_overlays(case: Case) -> Iterator[Finding]:
    """Find sensors that the kernel does not know, or does not hear."""
    for sensor in overlaid(case):
        try:
            run(sensor.driver.setup(), lambda _: None)
            run(sensor.driver.measure(), lambda _: None)  # the kernel itself waits for the sensor
        except BusMissing as error:
            yield _unknown(case, sensor, error)
        except DriverError as error:
            pins = f"`{sensor.overlay.format(pin='…')}` in config.txt has its pin"
            remedy = f"{pins}: check that pin, the wiring, and {sensor.wiring}"
            yield problem("overlay-silent", sensor.name, error.what, remedy)


def _unknown(case: Case, sensor: Sensor, error: BusMissing) -> Finding:
    """Report a sensor that is no device of the kernel: why, as far as its files show."""
    name, module = sensor.name, sensor.module
    boot = read_boot(case.machine)
    if case.machine.path(f"/sys/module/{module}").exists():
        return problem("overlay-ambiguous", name, error.what, error.remedy)
    if any(case.machine.path("/proc/device-tree").glob(f"{module}*")):
        what = f"its overlay is loaded, but not the kernel's driver {module}"
        return problem("overlay-no-module", name, what, f"`sudo modprobe {module}`")
    if boot.overlay(module):
        return problem("overlay-not-rebooted", name, f"{module} is not loaded yet", REBOOT)
    remedy = f"{boot.add(sensor.overlay.format(pin=4))}, with the GPIO of its data line"
    return problem("overlay-missing", name, "its overlay is not loaded", remedy)
