"""Chips on the I2C buses: the bus is not too fast, no kernel driver owns them, they answer."""

from collections.abc import Iterator

from drivers.base.errors import BusMissing, DriverError, NotPermitted
from edge_agent.acquire.hardware import Place
from edge_agent.acquire.scan import scan
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.doctor.instruments.boot import read_boot

FAST = 400_000  # Hz: fast mode, the most that our chips accept
STANDARD = 100_000
# Sensirion, SCD30 interface description: it holds SCL for up to 150 ms, and wants 50 kHz or less.
STRETCHING = {"scd30"}
BROADCOM = ("bcm2835", "bcm2711")  # of Pi 0 to 4; a Pi 5 has another controller
ADVICE = {
    "i2c-too-fast": "`dtparam=i2c_arm_baudrate=100000` in config.txt",
    "i2c-clock-stretching": "`dtparam=i2c_arm_baudrate=10000`, or a software bus: an SCD30"
    " stretches the clock, which a Pi 0 to 4 misreads",
    "i2c-claimed": "read the chip through the kernel's driver (`iio`, `hwmon`), or remove its"
    " overlay",
    "i2c-silent": "check wiring, power and `address`",
    "i2c-stuck": "power-cycle the sensors",
}


def _node(number: int, name: str) -> str:
    return f"/sys/class/i2c-adapter/i2c-{number}/of_node/{name}"


def _hertz(case: Case, number: int) -> int:
    """Return a bus's clock from the device tree, which is big-endian; 0 if it is not there."""
    try:
        data = case.machine.path(_node(number, "clock-frequency")).read_bytes()
    except OSError:
        return 0
    return int.from_bytes(data[:4], "big") if len(data) >= 4 else 0


def _buses(case: Case) -> list[int]:
    if case.blueprint is None:
        return list(case.hardware.buses())
    return sorted({one.place.bus for one in case.placed("i2c")})


def check_speed(case: Case) -> Iterator[Finding]:
    """Find buses that are faster than any chip accepts."""
    for number in _buses(case):
        hertz = _hertz(case, number)
        if hertz > FAST:
            what = f"the bus runs at {hertz // 1000} kHz; chips accept at most {FAST // 1000} kHz"
            remedy = read_boot(case.machine).add(_baudrate(number, STANDARD))
            yield warning("i2c-too-fast", f"i2c-{number}", what, remedy)


def _baudrate(number: int, hertz: int) -> str:
    name = {0: "i2c_vc_baudrate"}.get(number, "i2c_arm_baudrate")
    return f"dtparam={name}={hertz}"


def check_stretching(case: Case) -> Iterator[Finding]:
    """Find chips that stretch the clock of a fast Broadcom bus: it then shifts bits silently."""
    for one in case.placed("i2c"):
        number = one.place.bus
        compatible = case.machine.read(_node(number, "compatible"))
        broadcom = any(name in compatible for name in BROADCOM)
        if one.settings.driver in STRETCHING and broadcom and _hertz(case, number) >= STANDARD:
            what = (
                f"{one.name} ({one.settings.driver}) stretches the clock, which this Pi's"
                f" I2C misreads at {_hertz(case, number) // 1000} kHz"
            )
            soft = "dtoverlay=i2c-gpio,bus=3,i2c_gpio_sda=23,i2c_gpio_scl=24"
            boot = read_boot(case.machine)
            remedy = f"{boot.add(_baudrate(number, 10_000))}; or use a software bus: `{soft}`"
            yield warning("i2c-clock-stretching", str(one.place), what, remedy)


def _places(case: Case) -> list[tuple[str, Place]]:
    """Return every chip once, with the name of its first device."""
    named = {one.place._replace(pin=-1): one.name for one in case.placed("i2c")}
    return [(name, place) for place, name in named.items()]


def check_claims(case: Case) -> Iterator[Finding]:
    """Find chips that a driver of the kernel owns."""
    for name, place in _places(case):
        owner = case.hardware.claimed(place.bus, place.address)
        if not owner:
            continue
        instead = case.hardware.instead(place.bus, place.address)
        overlay = f"remove its dtoverlay line from {read_boot(case.machine).config}"
        remedy = f"{overlay}, then `sudo reboot`"
        if instead:
            remedy = f"in {case.file} write `{instead}` for {name}; or {remedy}"
        what = f"the kernel's driver {owner} owns the chip of {name}"
        yield problem("i2c-claimed", str(place), what, remedy)


def check_chips(case: Case) -> Iterator[Finding]:
    """Find chips that do not answer, unless the agent runs and reads them itself."""
    if case.unit.active:
        return
    for name, place in _places(case):
        if not case.hardware.claimed(place.bus, place.address):
            yield from _answer(case, name, place)


def _answer(case: Case, name: str, place: Place) -> Iterator[Finding]:
    try:
        found = list(scan(case.hardware, place.bus, {}, [place.address]))
    except (BusMissing, NotPermitted):
        return  # other checks report it, with the remedy for the service's user
    except DriverError as error:
        yield problem("i2c-stuck", error.where, error.what, error.remedy)
        return
    if not found:
        remedy = (
            f"check wiring, power and `address` in {case.file};"
            f" `edge-agent scan --bus {place.bus}` lists the chips that answer"
        )
        yield problem("i2c-silent", str(place), f"{name} does not answer", remedy)


CHECKS = (check_speed, check_stretching, check_claims, check_chips)
