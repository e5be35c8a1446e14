"""Sensors that the kernel reads: their overlay is loaded, and the kernel hears them."""

from collections.abc import Iterator

from drivers.base.driver import Driver, is_sensor, run
from drivers.base.errors import BusMissing, DriverError
from drivers.base.linux import LinuxPort
from drivers.base.members import Overlaid
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem
from edge_agent.doctor.instruments.boot import read_boot

REBOOT = "`sudo reboot`: the firmware reads the line at boot"
WIRING = "check that pin, the wiring, and the resistor of 4.7 kΩ from data to 3.3 V"
ADVICE = {
    "overlay-missing": "add the sensor's `dtoverlay` line to config.txt, then reboot",
    "overlay-not-rebooted": "reboot",
    "overlay-no-module": "`sudo modprobe` the kernel's driver",
    "overlay-ambiguous": "correct `device`",
    "overlay-silent": "correct the pin in config.txt, or check wiring and resistor",
}


def overlaid(case: Case) -> Iterator[tuple[str, str, Driver]]:
    """Yield name, overlay and driver of each sensor that the kernel reads with an overlay."""
    for one in case.placed("linux"):
        if isinstance(one.driver, Overlaid) and is_sensor(one.driver):
            port = LinuxPort(case.hardware.kernel(), one.name)
            yield one.name, one.driver.overlay, one.driver(port, **one.options)


def check_overlays(case: Case) -> Iterator[Finding]:
    """Find sensors that the kernel does not know, or does not hear."""
    for name, overlay, sensor in overlaid(case):
        try:
            run(sensor.setup(), lambda _: None)
            run(sensor.measure(), lambda _: None)  # the kernel itself waits for the sensor
        except BusMissing as error:
            yield _unknown(case, name, overlay, error)
        except DriverError as error:
            remedy = f"`{overlay.format(pin='…')}` in config.txt has its pin: {WIRING}"
            yield problem("overlay-silent", name, error.what, remedy)


def _unknown(case: Case, name: str, overlay: str, error: BusMissing) -> Finding:
    """Report a sensor that is no device of the kernel: why, as far as its files show."""
    module = overlay.removeprefix("dtoverlay=").partition(",")[0]
    boot = read_boot(case.machine)
    if case.machine.path(f"/sys/module/{module}").exists():
        return problem("overlay-ambiguous", name, error.what, error.remedy)
    if any(case.machine.path("/proc/device-tree").glob(f"{module}@*")):
        what = f"its overlay is loaded, but not the kernel's driver {module}"
        return problem("overlay-no-module", name, what, f"`sudo modprobe {module}`")
    if boot.overlay(module):
        return problem("overlay-not-rebooted", name, f"{module} is not loaded yet", REBOOT)
    remedy = f"{boot.add(overlay.format(pin=4))}, with the GPIO of its data line"
    return problem("overlay-missing", name, "its overlay is not loaded", remedy)
