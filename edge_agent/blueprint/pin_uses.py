"""What a configuration puts on each pin of the header: values only, also if two claim one."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint.collisions import Placed, note_collisions
from edge_agent.blueprint.devices import DeviceResolver
from edge_agent.blueprint.header import I2C, SELECTS, SPI, UART, note_header, pins_of
from edge_agent.blueprint.places import further_pins
from edge_agent.config.reader import read

NAMES = ((I2C, "I2C", ("SDA", "SCL")), (SPI, "SPI", ("MISO", "MOSI", "SCLK")),
         (SELECTS, "SPI", ("CE0", "CE1", "CE2")))  # fmt: skip
ROLES = {
    pin: f"{kind} {bus} {role}"
    for buses, kind, roles in NAMES
    for bus, pins in buses.items()
    for pin, role in zip(pins, roles, strict=False)
} | dict(zip(UART["/dev/serial0"], ("UART TXD", "UART RXD"), strict=True))


class PinUses(NamedTuple):
    """Who uses each GPIO, by BCM number: names, by what the pin is to them.

    A pin that is two things is a conflict. `wires` are the devices on 1-Wire, which is on any pin.
    """

    pins: dict[int, dict[str, list[str]]]
    wires: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def conflicts(self) -> frozenset[int]:
        """The pins that are claimed twice."""
        return frozenset(
            pin for pin, uses in self.pins.items() if len(uses) > 1 or _is_claimed_twice(uses)
        )


def pin_uses(path: Path, overrides: Iterable[str] = ()) -> PinUses:
    """Return what a file puts on the header; raise ConfigError if it cannot be read at all."""
    config, problems = read(path, overrides)
    resolver = DeviceResolver(Catalog("edge_agent.drivers"), problems)
    placed: tuple[Placed, ...] = (
        *resolver.devices(config.device),
        *resolver.outputs(config.output),
    )
    note_collisions(config, placed, problems)
    note_header(placed, problems)
    pins: dict[int, dict[str, list[str]]] = {}
    for one in placed:
        for pin, role in _roles(one):
            pins.setdefault(pin, {}).setdefault(role, []).append(one.name)
    wires = tuple(one.name for one in placed if one.place.kind == "w1")
    return PinUses(pins, wires, problems.lines)


def _roles(one: Placed) -> Iterator[tuple[int, str]]:
    """Yield the pins of a device or an output, with what they are to it; nothing means its own."""
    if one.place.kind == "gpio":
        yield from ((pin, "") for pin in (one.place.pin, *further_pins(one.driver, one.options)))
    yield from ((pin, ROLES[pin]) for pin in pins_of(one.place))


def _is_claimed_twice(uses: dict[str, list[str]]) -> bool:
    return len(uses.get("", ())) > 1
