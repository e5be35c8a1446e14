"""Theme: the buses that the configuration needs exist."""

import re
from collections.abc import Iterator

from drivers.base.driver import BusKind
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.instruments.boot import read_boot
from edge_agent.doctor.themes import chips, overlays

KINDS: tuple[BusKind, ...] = ("i2c", "spi", "serial", "w1")
NO_BUS = "there is no such bus"
REBOOT = "`sudo reboot`: the firmware reads the line at boot"
ADAPTER = "use a Raspberry Pi or plug in an adapter, or try `edge-agent simulate`"
WIRING = "check wiring, power and the 4.7 kΩ resistor from data to 3.3 V"
THERMOMETER = re.compile(r"(10|22|28|3b|42)-")
CONSOLE = re.compile(r"\bconsole=(serial0|ttyAMA0|ttyS0)\S*")
HEADER_UART = {"/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0"}
I2C_LINES = {0: "dtparam=i2c_vc=on", 1: "dtparam=i2c_arm=on"}
I2C_NAMES = {0: ("i2c_vc", "i2c0"), 1: ("i2c_arm", "i2c", "i2c1")}
LOAD = (
    "`sudo modprobe i2c-dev`, and for the next boot"
    " `echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf`"
)
ADVICE = {
    "i2c-disabled": "`dtparam=i2c_arm=on` in config.txt, then reboot",
    "i2c-not-rebooted": "reboot",
    "i2c-dev-not-loaded": "`sudo modprobe i2c-dev`, and a line in /etc/modules-load.d",
    "i2c-missing": "add the overlay of that bus, or correct `bus`",
    **chips.ADVICE,
    "spi-disabled": "`dtparam=spi=on` in config.txt, then reboot",
    "spi-not-rebooted": "reboot",
    "spi-missing": "use a Pi, or simulated chips",
    "w1-disabled": "`dtoverlay=w1-gpio` in config.txt, then reboot",
    "w1-not-rebooted": "reboot",
    "w1-missing": "use a Pi, or simulated chips",
    "w1-no-device": "check wiring, power, the resistor and `id`",
    **overlays.ADVICE,
    "serial-missing": "`enable_uart=1` in config.txt, or plug in the adapter",
    "serial-console": "remove `console=serial0,…` from cmdline.txt, then reboot",
}


def check_i2c(case: Case) -> Iterator[Finding]:
    """Find I2C buses that are needed and have no device file."""
    if not case.needs("i2c"):
        return
    for number in sorted({one.place.bus for one in case.placed("i2c")} or {1}):
        node = f"/dev/i2c-{number}"
        if case.machine.path(node).exists():
            continue
        if case.machine.path(f"/sys/bus/i2c/devices/i2c-{number}").exists():
            what = "the bus exists, but not its device file: the module i2c-dev is not loaded"
            yield problem("i2c-dev-not-loaded", node, what, LOAD)
        else:
            yield _no_i2c(case, number)


def _no_i2c(case: Case, number: int) -> Finding:
    node = f"/dev/i2c-{number}"
    if not case.pi:
        return problem("i2c-missing", node, NO_BUS, ADAPTER)
    if number not in I2C_LINES:
        return _no_extra_i2c(case, number)
    boot = read_boot(case.machine)
    if boot.parameter_on(*I2C_NAMES[number]):
        return problem("i2c-not-rebooted", node, "I2C is enabled but not started", REBOOT)
    command = "do_i2c 0" if number == 1 else ""
    remedy = boot.add(I2C_LINES[number], command=command)
    return problem("i2c-disabled", node, "I2C is not enabled", remedy)


def _no_extra_i2c(case: Case, number: int) -> Finding:
    """Report a bus that only an overlay provides."""
    node, boot = f"/dev/i2c-{number}", read_boot(case.machine)
    if boot.overlay(f"i2c{number}") or boot.overlay("i2c-gpio"):
        return problem("i2c-not-rebooted", node, "the bus is enabled but not started", REBOOT)
    line = f"dtoverlay=i2c-gpio,bus={number},i2c_gpio_sda=23,i2c_gpio_scl=24"
    remedy = f"{boot.add(line)}, with your pins; or correct `bus` in {case.file}"
    return problem("i2c-missing", node, NO_BUS, remedy)


def check_spi(case: Case) -> Iterator[Finding]:
    """Find chip selects that are needed and have no device file."""
    if not case.needs("spi"):
        return
    places = sorted({(one.place.bus, one.place.address) for one in case.placed("spi")} or {(0, 0)})
    for bus, select in places:
        if not case.machine.path(f"/dev/spidev{bus}.{select}").exists():
            yield _no_spi(case, bus, select)


def _no_spi(case: Case, bus: int, select: int) -> Finding:
    node, boot = f"/dev/spidev{bus}.{select}", read_boot(case.machine)
    if not case.pi:
        return problem("spi-missing", node, NO_BUS, ADAPTER)
    overlay = f"spi{bus}-{select + 1}cs"
    enabled = boot.parameter_on("spi") if bus == 0 else boot.overlay(overlay)
    if enabled:
        return problem("spi-not-rebooted", node, "SPI is enabled but not started", REBOOT)
    remedy = boot.add(f"dtoverlay={overlay}")
    if bus == 0:
        remedy = boot.add("dtparam=spi=on", command="do_spi 0")
    return problem("spi-disabled", node, "SPI is not enabled", remedy)


def check_w1(case: Case) -> Iterator[Finding]:
    """Find out whether there is a 1-Wire master, and whether it has the configured devices."""
    if not case.needs("w1"):
        return
    devices = case.machine.path("/sys/bus/w1/devices")
    names = {path.name for path in devices.iterdir()} if devices.is_dir() else set()
    if any(name.startswith("w1_bus_master") for name in names):
        yield from _thermometers(case, names)
    else:
        yield _no_w1(case, str(devices))


def _thermometers(case: Case, names: set[str]) -> Iterator[Finding]:
    found = sorted(filter(THERMOMETER.match, names))
    wanted = sorted({one.place.id for one in case.placed("w1")})
    for id_ in wanted:
        if id_ not in names:
            what = f"not found; on the bus: {', '.join(found) or 'no thermometer'}"
            remedy = f"{WIRING}, or correct `id` in {case.file}"
            yield problem("w1-no-device", f"w1 {id_}", what, remedy)
    if not wanted and not found:
        yield warning("w1-no-device", "w1", "the bus has no thermometer", WIRING)


def _no_w1(case: Case, where: str) -> Finding:
    if not case.pi:
        return problem("w1-missing", where, "this machine has no 1-Wire bus", ADAPTER)
    boot = read_boot(case.machine)
    if boot.overlay("w1-gpio"):
        return problem("w1-not-rebooted", where, "1-Wire is enabled but not started", REBOOT)
    remedy = boot.add("dtoverlay=w1-gpio", command="do_onewire 0")
    return problem("w1-disabled", where, "1-Wire is not enabled", remedy)


def check_serial(case: Case) -> Iterator[Finding]:
    """Find serial ports that do not exist, or that the console uses."""
    boot = read_boot(case.machine)
    for path in sorted({one.place.id for one in case.serial_lines()}):
        console = CONSOLE.search(boot.cmdline)
        if path in HEADER_UART and console:
            yield problem("serial-console", path, *_occupied(boot.directory, console[0]))
        elif path in HEADER_UART and not case.machine.path(path).exists():
            remedy = boot.add("enable_uart=1", command="do_serial_hw 0")
            yield problem("serial-missing", path, "the header's serial port is disabled", remedy)
        elif not case.machine.path(path).exists():
            remedy = f"plug it in, or correct `path` in {case.file}; `ls /dev/tty*` lists the ports"
            yield problem("serial-missing", path, "there is no such serial port", remedy)


def _occupied(directory: str, console: str) -> tuple[str, str]:
    file = f"{directory}/cmdline.txt"
    return (
        f"the kernel's console uses it ({console} in {file})",
        f"`sudo sed -i 's/{console} *//' {file} && sudo reboot`",
    )


def _skip(case: Case) -> str:
    used = any(map(case.needs, KINDS)) or any(overlays.overlaid(case))
    return "" if used else "no readable configuration uses a bus"


THEME = Theme(
    "interfaces",
    (check_i2c, *chips.CHECKS, check_spi, check_w1, check_serial, overlays.check_overlays),
    ADVICE,
    _skip,
)
