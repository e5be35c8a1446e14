"""`edge-agent drivers`: which drivers are installed, and what each takes."""

import json
from typing import Any

import click

from drivers.base.driver import DriverClass, addresses_of, channels_of
from edge_agent.acquire.catalog import Catalog, Option, options
from edge_agent.commands.options import json_option


@click.command()
@json_option
def drivers(as_json: bool) -> None:
    """List every installed driver with its bus, addresses, channels and options."""
    loaded, problems = Catalog("edge_agent.drivers").load_all()
    found = {name: _describe(driver) for name, driver in loaded.items()}
    for problem in problems:
        click.echo(problem, err=True)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for name, facts in found.items():
        click.echo(_text(name, facts))


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


def _describe(driver: DriverClass) -> dict[str, Any]:
    return {
        "about": (driver.__doc__ or "").strip().splitlines()[0],
        "bus": driver.bus,
        "addresses": [f"0x{address:02x}" for address in addresses_of(driver)],
        "channels": {
            channel.name: {"unit": channel.unit, "low": channel.low, "high": channel.high}
            for channel in channels_of(driver)
        },
        "options": {option.name: _option(option) for option in options(driver)},
    }


def _option(option: Option) -> dict[str, Any]:
    facts = {"takes": option.expected}
    return facts if option.required else {**facts, "default": option.default}


def _text(name: str, facts: dict[str, Any]) -> str:
    channels = [
        f"{channel} {one['low']:g}…{one['high']:g} {one['unit']}".rstrip()
        for channel, one in facts["channels"].items()
    ]
    place = " ".join([facts["bus"], *ranges(tuple(int(a, 16) for a in facts["addresses"]))])
    lines = [f"{name}  ({place})  {facts['about']}"]
    lines += [f"    channel  {channel}" for channel in channels]
    for option, one in facts["options"].items():
        default = f"; default: {_shown(one['default'])}" if "default" in one else "; required"
        lines.append(f"    option   {option}: {one['takes']}{default}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return "what the chip holds" if value is None else json.dumps(value, ensure_ascii=False)
