"""Theme: the buses that the configuration needs are there."""

import re
from collections.abc import Iterator

from drivers.base.driver import BusKind
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.instruments.boot import read_boot
from edge_agent.doctor.themes.chips import check_chips, check_claims, check_speed, check_stretching

KINDS: tuple[BusKind, ...] = ("i2c", "spi", "serial", "w1")
NOT_NEEDED = "no configuration that needs a bus can be read here"
REBOOT = "`sudo reboot`: the line is read when the machine starts"
ADAPTER = "run this on a Raspberry Pi, plug an adapter in, or try `edge-agent simulate`"
THERMOMETER = re.compile(r"(10|22|28|3b|42)-")
CONSOLE = re.compile(r"\bconsole=(serial0|ttyAMA0|ttyS0)\S*")
HEADER_UART = {"/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0"}
I2C_LINES = {0: "dtparam=i2c_vc=on", 1: "dtparam=i2c_arm=on"}
I2C_NAMES = {0: ("i2c_vc", "i2c0"), 1: ("i2c_arm", "i2c", "i2c1")}
LOAD = (
    "`sudo modprobe i2c-dev`, and for the next start"
    " `echo i2c-dev | sudo tee /etc/modules-load.d/i2c-dev.conf`"
)


def _left_out(case: Case) -> str:
    return "" if any(map(case.wants, KINDS)) else NOT_NEEDED


def check_i2c(case: Case) -> Iterator[Finding]:
    """Look for I2C buses that are needed and have no device file."""
    if not case.wants("i2c"):
        return
    for number in sorted({one.place.bus for one in case.placed("i2c")} or {1}):
        node = f"/dev/i2c-{number}"
        if case.machine.path(node).exists():
            continue
        if case.machine.path(f"/sys/bus/i2c/devices/i2c-{number}").exists():
            what = "the bus is there, but its device file is not: i2c-dev is not loaded"
            yield problem("i2c-dev-not-loaded", node, what, LOAD)
        else:
            yield _no_i2c(case, number)


def _no_i2c(case: Case, number: int) -> Finding:
    node = f"/dev/i2c-{number}"
    if not case.pi:
        return problem("i2c-missing", node, "there is no such bus", ADAPTER)
    boot = read_boot(case.machine)
    if number not in I2C_LINES:
        if boot.overlay(f"i2c{number}") or boot.overlay("i2c-gpio"):
            return problem("i2c-not-rebooted", node, "there is no such bus yet", REBOOT)
        line = f"dtoverlay=i2c-gpio,bus={number},i2c_gpio_sda=23,i2c_gpio_scl=24"
        remedy = f"{boot.add(line)}, with your pins; or correct `bus` in {case.file}"
        return problem("i2c-missing", node, "there is no such bus", remedy)
    if boot.parameter_on(*I2C_NAMES[number]):
        return problem("i2c-not-rebooted", node, "I2C is enabled but not started", REBOOT)
    command = "do_i2c 0" if number == 1 else ""
    return problem(
        "i2c-disabled", node, "I2C is not enabled", boot.add(I2C_LINES[number], command=command)
    )


def check_spi(case: Case) -> Iterator[Finding]:
    """Look for chip selects that are needed and have no device file."""
    if not case.wants("spi"):
        return
    places = sorted({(one.place.bus, one.place.address) for one in case.placed("spi")} or {(0, 0)})
    for bus, select in places:
        if not case.machine.path(f"/dev/spidev{bus}.{select}").exists():
            yield _no_spi(case, bus, select)


def _no_spi(case: Case, bus: int, select: int) -> Finding:
    node, boot = f"/dev/spidev{bus}.{select}", read_boot(case.machine)
    if not case.pi:
        return problem("spi-missing", node, "there is no such bus", ADAPTER)
    if bus == 0 and boot.parameter_on("spi"):
        return problem("spi-not-rebooted", node, "SPI is enabled but not started", REBOOT)
    if bus == 0:
        remedy = boot.add("dtparam=spi=on", command="do_spi 0")
        return problem("spi-disabled", node, "SPI is not enabled", remedy)
    overlay = f"spi{bus}-{select + 1}cs"
    if boot.overlay(overlay):
        return problem("spi-not-rebooted", node, "SPI is enabled but not started", REBOOT)
    return problem("spi-disabled", node, "SPI is not enabled", boot.add(f"dtoverlay={overlay}"))


def check_w1(case: Case) -> Iterator[Finding]:
    """Look for a 1-Wire master, and for what is configured among its devices."""
    if not case.wants("w1"):
        return
    devices = case.machine.path("/sys/bus/w1/devices")
    names = {path.name for path in devices.iterdir()} if devices.is_dir() else set()
    if not any(name.startswith("w1_bus_master") for name in names):
        yield _no_w1(case, str(devices))
        return
    found = sorted(filter(THERMOMETER.match, names))
    wanted = sorted({one.place.id for one in case.placed("w1")})
    wiring = "check wiring, power and the 4.7 kOhm resistor from data to 3.3 V"
    for id_ in wanted:
        if id_ not in names:
            what = f"not there; the bus has {', '.join(found) or 'no thermometer'}"
            remedy = f"{wiring}, or correct `id` in {case.file}"
            yield problem("w1-no-device", f"w1 {id_}", what, remedy)
    if not wanted and not found:
        yield warning("w1-no-device", "w1", "the bus is there, but no thermometer on it", wiring)


def _no_w1(case: Case, where: str) -> Finding:
    if not case.pi:
        return problem("w1-missing", where, "this machine has no 1-Wire bus", ADAPTER)
    boot = read_boot(case.machine)
    if boot.overlay("w1-gpio"):
        return problem("w1-not-rebooted", where, "1-Wire is enabled but not started", REBOOT)
    remedy = boot.add("dtoverlay=w1-gpio", command="do_onewire 0")
    return problem("w1-disabled", where, "1-Wire is not enabled", remedy)


def check_serial(case: Case) -> Iterator[Finding]:
    """Look for serial lines that are not there, or that the console has."""
    boot = read_boot(case.machine)
    for path in sorted({one.place.id for one in case.placed("serial")}):
        console = CONSOLE.search(boot.cmdline)
        if path in HEADER_UART and console:
            yield problem("serial-console", path, *_occupied(boot.directory, console[0]))
        elif path in HEADER_UART and not case.machine.path(path).exists():
            remedy = boot.add("enable_uart=1", command="do_serial_hw 0")
            yield problem("serial-missing", path, "the header's serial port is off", remedy)
        elif not case.machine.path(path).exists():
            remedy = f"plug it in, or correct `path` in {case.file}; `ls /dev/tty*` shows which are"
            yield problem("serial-missing", path, "there is no such serial line", remedy)


def _occupied(directory: str, console: str) -> tuple[str, str]:
    file = f"{directory}/cmdline.txt"
    return (
        f"the kernel's console has it ({console} in {file})",
        f"`sudo sed -i 's/{console} *//' {file} && sudo reboot`",
    )


THEME = Theme(
    "interfaces",
    (
        check_i2c,
        check_speed,
        check_stretching,
        check_claims,
        check_chips,
        check_spi,
        check_w1,
        check_serial,
    ),
    _left_out,
)
