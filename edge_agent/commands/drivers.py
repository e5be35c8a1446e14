"""`edge-agent drivers`: which drivers are installed, and what each takes."""

import json
from typing import Any

import click

from drivers.base.channel import UNITS
from drivers.base.driver import DriverClass, addresses_of, channels_of
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.options import Option, options
from edge_agent.commands.driver_example import example
from edge_agent.commands.options import json_option
from edge_agent.problems import unknown
from edge_agent.terminal.wrapping import say

# What people call a quantity
OTHER_NAMES = {
    "altitude": "atmospheric_pressure",
    "co2": "carbon_dioxide",
    "dust": "pm25",
    "gps": "latitude",
    "light": "illuminance",
    "lux": "illuminance",
    "position": "latitude",
    "pressure": "atmospheric_pressure",
    "rain": "precipitation",
    "voc": "volatile_organic_compounds_parts",
    "wind": "wind_speed",
}


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--measures",
    "quantity",
    metavar="QUANTITY",
    default="",
    help="Only those that measure it, such as temperature or co2.",
)
@json_option
def drivers(names: tuple[str, ...], quantity: str, as_json: bool) -> None:
    """List every installed driver with its bus, addresses, channels and options.

    With NAME, describe only these, each with a table of the configuration to copy.
    """
    measuring = _measuring(_quantity(quantity), _loaded(names))
    found = {name: _describe(name, driver) for name, driver in measuring.items()}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for name, facts in found.items():
        click.echo(_text(name, facts, whole=bool(names)))


def _loaded(names: tuple[str, ...]) -> dict[str, DriverClass]:
    """Return drivers by name, all if none is named; raise ConfigError for an unknown name."""
    catalog = Catalog("edge_agent.drivers")
    if names:
        return {name: catalog.load(name) for name in names}
    loaded, problems = catalog.load_all()
    for problem in problems:
        say(problem)
    return loaded


def _quantity(given: str) -> str:
    """Return a quantity by the name that the tables of units have for it."""
    asked = given.lower().replace("-", "_").replace(" ", "_")
    name = OTHER_NAMES.get(asked, asked)
    if name and name not in UNITS:
        raise click.UsageError(f"--measures {given}: {unknown(name, (*UNITS, *OTHER_NAMES))}")
    return name


def _measuring(quantity: str, found: dict[str, DriverClass]) -> dict[str, DriverClass]:
    return {
        name: driver
        for name, driver in found.items()
        if not quantity or quantity in quantities_of(driver) or measures_any(driver)
    }


def quantities_of(driver: DriverClass) -> set[str]:
    """Return what a driver can measure; nothing if its user says it."""
    return {channel.quantity for channel in channels_of(driver)}


def measures_any(driver: DriverClass) -> bool:
    """Return whether a driver measures what its user says, as `modbus` does."""
    return hasattr(driver, "measure") and not channels_of(driver)


def ranges(addresses: tuple[int, ...]) -> list[str]:
    """Return addresses as people write them; three and more in a row as a range."""
    rows: list[list[int]] = []
    for address in sorted(addresses):
        if rows and address == rows[-1][-1] + 1:
            rows[-1].append(address)
        else:
            rows.append([address])
    return [part for row in rows for part in _row(row)]


def _row(row: list[int]) -> list[str]:
    if len(row) < 3:
        return [f"0x{address:02x}" for address in row]
    return [f"0x{row[0]:02x}…0x{row[-1]:02x}"]


def _describe(name: str, driver: DriverClass) -> dict[str, Any]:
    return {
        "about": (driver.__doc__ or "").strip().splitlines()[0],
        "bus": driver.bus,
        "addresses": [f"0x{address:02x}" for address in addresses_of(driver)],
        "channels": {
            channel.name: {"unit": channel.unit, "low": channel.low, "high": channel.high}
            for channel in channels_of(driver)
        },
        "options": {option.name: _option(option) for option in options(driver)},
        "example": example(name, driver),
    }


def _option(option: Option) -> dict[str, Any]:
    facts = {"takes": option.expected}
    if option.quantity:
        facts["quantity"] = option.quantity
    if option.common:
        facts["common"] = option.common
    return facts if option.required else {**facts, "default": option.default}


def _text(name: str, facts: dict[str, Any], *, whole: bool) -> str:
    channels = [
        f"{channel} {one['low']:g}…{one['high']:g} {one['unit']}".rstrip()
        for channel, one in facts["channels"].items()
    ]
    place = " ".join([facts["bus"], *ranges(tuple(int(a, 16) for a in facts["addresses"]))])
    lines = [f"{name}  ({place})  {facts['about']}"]
    lines += [f"    channel  {channel}" for channel in channels]
    for option, one in facts["options"].items():
        default = f"; default: {_default(one)}" if "default" in one else "; required"
        lines.append(f"    option   {option}: {one['takes']}{default}")
    if whole:
        lines += ["", *(f"    {line}" for line in facts["example"].splitlines()), ""]
    return "\n".join(lines)


def _default(facts: dict[str, Any]) -> str:
    if facts["default"] is None:
        without = f"as {facts['common']}" if "common" in facts else "what the chip holds"
        return "none" if "quantity" in facts else without
    return json.dumps(facts["default"], ensure_ascii=False)
