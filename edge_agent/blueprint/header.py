"""The pins of a Pi's header: which there are, and which of them a bus takes."""

from collections.abc import Iterable, Iterator

from drivers.base.driver import more_pins_of
from edge_agent.acquire.hardware import Place
from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.problems import Problems

HEADER = range(28)  # BCM numbers
I2C = {0: (0, 1), 1: (2, 3)}  # SDA and SCL, by the bus
SPI = {0: (9, 10, 11), 1: (19, 20, 21)}  # MISO, MOSI and SCLK, in some order
SELECTS = {0: (8, 7), 1: (18, 17, 16)}  # by the bus, then by the chip select
UART = {"/dev/serial0": (14, 15), "/dev/ttyAMA0": (14, 15), "/dev/ttyS0": (14, 15)}


def note_header(resolved: Iterable[ResolvedDevice | ResolvedOutput], problems: Problems) -> None:
    """Note pins that the header does not have, and those that a bus of another device takes."""
    parts = tuple(resolved)
    taken = {pin: (one.place, one.name) for one in parts for pin in pins_of(one.place)}
    for key, pin in (found for one in parts for found in _used(one)):
        if pin not in HEADER:
            problems.note(key, pin, "not on the header; wanted: a GPIO number (BCM) from 0 to 27")
        elif pin in taken:
            place, name = taken[pin]
            what = f"this pin belongs to {place.line}, which {name!r} uses; choose another"
            problems.note(key, pin, what)


def pins_of(place: Place) -> tuple[int, ...]:
    """Return the pins that the bus of a place takes; none of 1-Wire, which can be on any."""
    if place.kind == "i2c":
        return I2C.get(place.bus, ())
    if place.kind == "spi":
        selects = SELECTS.get(place.bus, ())
        return SPI.get(place.bus, ()) + selects[place.address : place.address + 1]
    return UART.get(place.id, ()) if place.kind in {"serial", "modbus"} else ()


def _used(one: ResolvedDevice | ResolvedOutput) -> Iterator[tuple[str, int]]:
    """Yield the keys with which a device or an output on pins names them."""
    if one.place.kind != "gpio":
        return
    where = f"{'device' if isinstance(one, ResolvedDevice) else 'output'}.{one.name}."
    yield f"{where}pin", one.place.pin
    for option in more_pins_of(one.driver):
        if option in one.options:
            yield where + option, one.options[option]
