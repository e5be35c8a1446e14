"""What is connected: every address that answers, and which drivers claim it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from drivers.base.driver import DriverClass, Identifiable, Identity, addresses_of, is_sensor
from drivers.base.errors import DriverError, NoAcknowledge
from drivers.base.i2c import I2CPort
from edge_agent.acquire.hardware import Hardware, Place
from edge_agent.acquire.ports import port as port_of

ADDRESSES = range(0x08, 0x78)  # the others are reserved (NXP UM10204 §3.1.12)
# EEPROMs and clock chips there may take an empty write for the start of a real one; so does
# i2cdetect.
READ_PROBED = {*range(0x30, 0x38), *range(0x50, 0x60)}


class Claim(NamedTuple):
    """A driver that could speak to a chip; `certain` if the chip has identified itself."""

    driver: str
    chip: str
    certain: bool


class Found(NamedTuple):
    """An address that answers; `kernel` names the kernel driver that owns it.

    `instead` is the configuration that reads it through that driver.
    """

    bus: int
    address: int
    claims: tuple[Claim, ...] = ()
    kernel: str = ""
    instead: str = ""


def scan(
    hardware: Hardware,
    number: int,
    drivers: Mapping[str, DriverClass],
    addresses: Iterable[int] = ADDRESSES,
) -> Iterator[Found]:
    """Look at every address of a bus, reading only; yield what answers, as it is found.

    Raises `BusMissing`, `NotPermitted` or `BusStuck`, which concern the bus as a whole.
    """
    bus = hardware.i2c(number)
    for address in addresses:
        kernel = hardware.claimed(number, address)
        port = I2CPort(bus, address, f"i2c-{number}")
        if kernel:
            yield Found(number, address, kernel=kernel, instead=hardware.instead(number, address))
        elif _answers(port):
            yield Found(number, address, tuple(_claims(port, drivers)))


def thermometers(
    hardware: Hardware, drivers: Mapping[str, DriverClass]
) -> Iterator[tuple[str, str]]:
    """Yield the id of each 1-Wire device, and which chip it is as far as its driver tells."""
    ours = [driver for driver in drivers.values() if driver.bus == "w1"]
    known = [driver for driver in ours if issubclass(driver, Identifiable)]
    for id_ in hardware.ids():
        found = (
            _identity(id_, driver, port_of(hardware, Place("w1", id=id_), id_)) for driver in known
        )
        yield id_, next((identity.chip for identity in found if identity), "")


def _answers(port: I2CPort) -> bool:
    try:
        if port.address in READ_PROBED:
            port.read(1)
        else:
            port.write(b"")
    except NoAcknowledge:
        return False
    return True


def _claims(port: I2CPort, drivers: Mapping[str, DriverClass]) -> Iterator[Claim]:
    """Ask every driver that has this address; if one is certain, the guesses are left out."""
    claims = [
        Claim(name, identity.chip, identity.certain)
        for name, driver in drivers.items()
        if port.address in addresses_of(driver)
        and (identity := _identity(name, driver, port)) is not None
    ]
    certain = [claim for claim in claims if claim.certain]
    yield from certain or claims


def _identity(name: str, driver: DriverClass, port: Any) -> Identity | None:  # noqa: ANN401
    """Return which chip a driver finds; one of a plug-in may not be able to look for it."""
    if not issubclass(driver, Identifiable):  # an output of an expander leaves that to its inputs
        return Identity(name, certain=False) if is_sensor(driver) else None
    try:
        return driver(port).identify()
    except DriverError:
        return None  # it answers, but not as this chip would
