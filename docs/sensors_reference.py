"""A section for every driver: its channels, its options, and what it cannot notice."""

import json
from collections.abc import Iterable

from markdown_table import table

from drivers.base.blindness import Blindness
from drivers.base.channel import UNITS
from drivers.base.driver import DriverClass, addresses_of, channels_of
from drivers.base.members import Blind, Calibrating
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.options import Option, options
from edge_agent.commands.driver_example import example
from edge_agent.commands.drivers import measures_any, quantities_of, ranges


def sensors() -> dict[str, str]:
    """Return a section for every driver, with its channels and options."""
    catalog = Catalog("edge_agent.drivers")
    found = {name: catalog.load(name) for name in catalog.names}
    sections = (_driver(name, driver) for name, driver in found.items())
    return {"quantities": _quantities(found), "drivers": "\n\n".join(sections)}


def _quantities(found: dict[str, DriverClass]) -> str:
    """Return which drivers measure what, by quantity; last those that measure what one says."""
    rows = [
        (
            f"`{quantity}`",
            unit,
            _links(name for name, d in found.items() if quantity in quantities_of(d)),
        )
        for quantity, unit in UNITS.items()
    ]
    rows.append(("any", "", _links(name for name, d in found.items() if measures_any(d))))
    return table(("quantity", "unit", "drivers"), (row for row in rows if row[2]))


def _links(names: Iterable[str]) -> str:
    return ", ".join(f"[`{name}`](#{name})" for name in names)


def _driver(name: str, driver: DriverClass) -> str:
    addresses = ", ".join(ranges(addresses_of(driver)))
    lines = [f"## `{name}`", "", (driver.__doc__ or "").strip().splitlines()[0], ""]
    lines += [f"Bus: {driver.bus}{f', address {addresses}' if addresses else ''}.", ""]
    lines += ["```toml", example(name, driver), "```", ""]
    channels = channels_of(driver)
    if channels:
        rows = (
            (f"`{c.name}`", f"{c.low:g} to {c.high:g}", c.unit, f"{c.resolution:g}")
            for c in channels
        )
        lines += [table(("channel", "range", "unit", "smallest step"), rows), ""]
    for option in options(driver):
        lines.append(f"- `{option.name}`: {option.expected}; {_default_of(option)}")
    if isinstance(driver, Calibrating):
        lines += ["", f"The command `calibrate` takes {_span(driver.calibrates)}."]
    if isinstance(driver, Blind):
        lines += ["", "It cannot notice:", "", *map(_blindness, driver.blind)]
    return "\n".join(lines).rstrip()


def _blindness(one: Blindness) -> str:
    return f"- {one.what}. Instead: {one.instead}."


def _span(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _default_of(option: Option) -> str:
    if option.required:
        return "required"
    if option.default is None:
        without = f"as `{option.common}`" if option.common else "what the chip holds"
        return f"default: {'none' if option.quantity else without}"
    return f"default `{json.dumps(option.default)}`"
