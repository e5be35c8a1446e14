"""Where devices and outputs are connected: which keys each kind of bus takes."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from drivers.base.driver import BusKind, DriverClass, addresses_of, more_pins_of
from drivers.base.members import Overlaid
from drivers.base.serial import HEADER
from edge_agent.acquire.hardware import Place
from edge_agent.config.device import DeviceSettings
from edge_agent.config.output import OutputSettings
from edge_agent.problems import Problems

SPOTS: dict[BusKind, tuple[str, ...]] = {
    "i2c": ("address", "bus"),
    "spi": ("select", "bus"),
    "serial": ("path",),
    "modbus": ("path", "unit"),
    "w1": ("id",),
    "gpio": ("pin",),
    "linux": (),
}
ALL = tuple(sorted({spot for spots in SPOTS.values() for spot in spots}))
W1_ID = re.compile(r"[0-9a-f]{2}-[0-9a-f]{12}")

PlacedSettings: TypeAlias = DeviceSettings | OutputSettings


def resolve_place(
    driver: DriverClass, settings: PlacedSettings, where: str, problems: Problems
) -> Place | None:
    """Return where a device is connected; note keys that are missing, wrong, or of another bus."""
    taken = (
        (*SPOTS[driver.bus], "pin") if isinstance(settings, OutputSettings) else SPOTS[driver.bus]
    )
    for key in ALL:
        value = getattr(settings, key, None)
        if value not in {None, ""} and key not in taken:
            problems.note(where + key, value, _in_vain(driver, key, value))
    return RESOLVERS[driver.bus](driver, settings, where, problems)


def _in_vain(driver: DriverClass, key: str, value: object) -> str:
    """Return why a bus does not take a key, and what to write instead."""
    if key == "pin" and isinstance(driver, Overlaid):
        line = driver.overlay.format(pin=value)
        return f"the kernel reads it: remove this line, and write `{line}` in config.txt"
    return f"a device on {driver.bus} has no {key}; remove this line"


def further_pins(driver: DriverClass, options: dict[str, Any]) -> Iterable[int]:
    """Return the pins of a device besides its first, such as an echo or a second phase."""
    return (options[name] for name in more_pins_of(driver) if name in options)


def _i2c(
    driver: DriverClass, settings: PlacedSettings, where: str, problems: Problems
) -> Place | None:
    known = addresses_of(driver)
    if not known:
        if settings.address is None:
            problems.missing(f"{where}address", "the chip's I2C address, such as 0x48")
            return None
        known = (settings.address,)
    address = known[0] if settings.address is None else settings.address
    if address not in known:
        possible = ", ".join(f"0x{one:02x}" for one in known)
        what = f"not an address of {settings.driver}; choose from {possible}"
        if str(address).isdigit() and int(str(address), 16) in known:
            what = f"not an address of {settings.driver}; {address} is decimal: write 0x{address}"
        problems.add(f"{where}address = 0x{address:02x}: {what}")
        return None
    pin = settings.pin if isinstance(settings, OutputSettings) else -1
    return Place("i2c", 1 if settings.bus is None else settings.bus, address, pin)


def _spi(_: DriverClass, settings: PlacedSettings, where: str, problems: Problems) -> Place | None:
    del where, problems
    select = settings.select if isinstance(settings, DeviceSettings) else None
    return Place("spi", settings.bus or 0, select or 0)


def _serial(
    _: DriverClass, settings: PlacedSettings, where: str, problems: Problems
) -> Place | None:
    path = settings.path if isinstance(settings, DeviceSettings) else ""
    if path and (not path.startswith("/") or path != path.strip()):
        problems.note(f"{where}path", path, "no serial line; write one such as /dev/ttyUSB0")
        return None
    return Place("serial", id=path or HEADER)


def _modbus(
    _: DriverClass, settings: PlacedSettings, where: str, problems: Problems
) -> Place | None:
    path = (settings.path if isinstance(settings, DeviceSettings) else "") or HEADER
    unit = settings.unit if isinstance(settings, DeviceSettings) else None
    if "://" in path:
        from drivers.base.modbus_tcp import endpoint  # noqa: PLC0415 - few have any

        try:
            endpoint(path)
        except ValueError as error:
            problems.note(f"{where}path", path, str(error))
            return None
    elif not path.startswith("/"):
        what = "no serial line; write one such as /dev/ttyUSB0, or tcp://192.168.1.20"
        problems.note(f"{where}path", path, what)
        return None
    return Place("modbus", id=path, address=1 if unit is None else unit)


def _w1(_: DriverClass, settings: PlacedSettings, where: str, problems: Problems) -> Place | None:
    given = settings.id if isinstance(settings, DeviceSettings) else ""
    if W1_ID.fullmatch(given):
        return Place("w1", id=given)
    if given:
        problems.note(f"{where}id", given, f'write it like "{_w1_id(given)}"')
    else:
        problems.missing(f"{where}id", "an id, see `edge-agent scan`")
    return None


def _w1_id(given: str) -> str:
    """Return an id as the kernel writes it, from its path, its digits or a chip's 8 bytes."""
    small = given.lower().removeprefix("0x")
    if found := W1_ID.search(small):
        return found[0]
    if found := re.fullmatch(r"(28)?[-.: ]?([0-9a-f]{12})|[0-9a-f]{2}([0-9a-f]{12})28", small):
        return f"28-{found[2] or found[3]}"
    return "28-0316a4c8ffee"


def _gpio(_: DriverClass, settings: PlacedSettings, where: str, problems: Problems) -> Place | None:
    if settings.pin is None:
        problems.missing(f"{where}pin", "the GPIO number (BCM)")
        return None
    return Place("gpio", pin=settings.pin)


def _linux(
    _: DriverClass, settings: PlacedSettings, where: str, problems: Problems
) -> Place | None:
    del where, problems
    return Place("linux", id=settings.name)


RESOLVERS: dict[BusKind, Callable[[DriverClass, PlacedSettings, str, Problems], Place | None]] = {
    "i2c": _i2c,
    "spi": _spi,
    "serial": _serial,
    "modbus": _modbus,
    "w1": _w1,
    "gpio": _gpio,
    "linux": _linux,
}
