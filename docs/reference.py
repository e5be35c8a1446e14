"""Writes the pages of `PAGES` from the code: `make docs`.

`tests/test_docs.py` fails while a page differs from what this would write.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import FieldInfo

from drivers.base.driver import DriverClass, addresses_of, channels_of
from edge_agent.acquire.catalog import Catalog, options
from edge_agent.cli import EPILOG, cli
from edge_agent.commands.drivers import ranges
from edge_agent.config.config import Config
from edge_agent.config.settings import Settings, description, keys, tables
from edge_agent.doctor.diagnosis import ADVICE, THEMES
from edge_agent.units import BYTES, SECONDS, Duration, Size
from simulators import descriptions
from simulators.fault_kinds import FAULTS, LINE_FAULTS, LINUX_FAULTS, SPI_FAULTS, W1_FAULTS
from simulators.scenario import SIGNALS

HERE = Path(__file__).parent
TABLES = dict(tables(Config))
FINDINGS = "| id | what to do |\n|---|---|\n"  # the head of the table that ends the page
CONFIGURATION = """# Configuration

One TOML file; `edge-agent check FILE` shows every problem at once. Durations are numbers of seconds
or have a unit (`500ms`, `10s`, `5m`, `2h`, `7d`), sizes too (`500kB`, `256MB`, `1GB`). Any key can
be overridden on the command line: `--set mqtt.url=mqtt://127.0.0.1:1884`, or by a device's name
`--set device.air.every=5s`. File names may hold `~` and variables such as
`$CREDENTIALS_DIRECTORY`.

[`examples/greenhouse.toml`](../examples/greenhouse.toml) shows everything at work.
"""
SENSORS = """# Sensors and outputs

What `edge-agent drivers` lists. A channel's range is the datasheet's; a value outside it is never
published. Options are keys of the device's table.
"""
SIMULATOR = """# The simulator

`edge-agent simulate FILE` runs a configuration on simulated chips, at the level of I2C
transactions, 1-Wire files and pins, with a built-in broker. By default every channel moves slowly
around a typical value. A scenario sets signals and faults instead: `<name>.scenario.toml` beside
the configuration, or the file given with `--scenario`. Every run of a scenario is the same: random
signals follow its `seed`.

## Scenarios

```toml
seed = 7

[signal."air.temperature"]     # a device of the configuration, and its channel
kind = "daily"
mean = 20
swing = 6
noise = 0.5                    # optional, for every kind: a random walk on top

[[fault]]
kind = "unplug"
device = "air"                 # or bus = 1
at = "45s"                     # after the start
lasts = "10s"                  # without it, the fault stays
```

[`examples/greenhouse.scenario.toml`](../examples/greenhouse.scenario.toml) shows more. If a
signal has several tables, `[[signal."air.temperature"]]`, they are added up. A scenario that has a
mistake is not used: the program ends with every problem, one per line.
"""
COMMANDS = """# Commands

Every command has `--help`.
"""


def configuration() -> str:
    """Return the page of every table and key."""
    parts = [CONFIGURATION]
    for name, table in TABLES.items():
        about = (table.__doc__ or "").split("`:", 1)[-1].strip()
        about = about[:1].upper() + about[1:]
        parts.append(f"\n## {f'`{name}`' if name else 'Top level'}\n\n{about}\n")
        parts.append(key_table(table))
    return "\n".join(parts) + "\n"


def key_table(table: type[Settings]) -> str:
    """Return the keys of a table of the configuration, with defaults and descriptions."""
    rows = ["| key | default | what |", "|---|---|---|", *map(_key, keys(table))]
    return "\n".join(rows)


def _key(field: FieldInfo) -> str:
    text = description(field).replace("|", "\\|")
    return f"| `{field.encode_name}` | {_default(field)} | {text} |"


def _default(field: FieldInfo) -> str:
    if field.required:
        return "required"
    value: Any = (
        field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    )
    if value in ("", (), {}, None):
        return ""
    if isinstance(value, Duration):
        return f"`{_with_unit(value, SECONDS)}`"
    if isinstance(value, Size):
        return f"`{_with_unit(value, BYTES)}`"
    return f"`{json.dumps(value)}`"


def _with_unit(value: float, units: dict[str, float]) -> str:
    """Write a value in the largest unit that divides it; zero in the unit of factor 1."""
    fitting = [(size, name) for name, size in units.items() if size <= max(value, 1)]
    size, unit = max(one for one in fitting if value % one[0] == 0)
    return f"{value / size:g}{unit}"


def sensors() -> str:
    """Return the page of every driver, its channels and options."""
    catalog = Catalog("edge_agent.drivers")
    return SENSORS + "".join(_driver(name, catalog.load(name)) for name in catalog.names)


def _driver(name: str, driver: DriverClass) -> str:
    lines = [f"\n## `{name}`\n", (driver.__doc__ or "").strip().splitlines()[0], ""]
    addresses = ", ".join(ranges(addresses_of(driver)))
    lines += [f"Bus: {driver.bus}{f', address {addresses}' if addresses else ''}.", ""]
    channels = channels_of(driver)
    if channels:
        lines += ["| channel | range | unit | smallest step |", "|---|---|---|---|"]
        lines += [
            f"| `{c.name}` | {c.low:g} to {c.high:g} | {c.unit} | {c.resolution:g} |"
            for c in channels
        ]
        lines.append("")
    for option in options(driver):
        default = "required" if option.required else f"default `{json.dumps(option.default)}`"
        lines.append(f"- `{option.name}`: {option.expected}; {default}")
    return "\n".join(lines).rstrip() + "\n"


def simulator() -> str:
    """Return the page of every signal and fault of a scenario."""
    parts = [SIMULATOR, "## Signals\n", "| kind | keys | what |", "|---|---|---|"]
    parts += _kinds(SIGNALS, descriptions.SIGNALS, {"seed"})
    parts += ["\n## Faults of I2C devices and buses\n", "| kind | keys | what |", "|---|---|---|"]
    parts += _kinds(FAULTS, descriptions.FAULTS, {"clock", "address"})
    for title, kinds in (("SPI devices", SPI_FAULTS), ("serial lines", LINE_FAULTS)):
        listed = ", ".join(f"`{kind}`" for kind in sorted(kinds))
        parts.append(f"\n## Faults of {title}\n\nOf the above: {listed}.")
    parts += ["\n## Faults of the kernel's files\n", "| kind | what |", "|---|---|"]
    parts += [f"| `{kind}` | {descriptions.LINUX_FAULTS[kind]} |" for kind in sorted(LINUX_FAULTS)]
    parts += ["\n## Faults of 1-Wire devices\n", "| kind | what |", "|---|---|"]
    parts += [f"| `{kind}` | {descriptions.W1_FAULTS[kind]} |" for kind in sorted(W1_FAULTS)]
    return "\n".join(parts) + "\n"


def _kinds(
    kinds: dict[str, Callable[..., Any]], about: dict[str, str], hidden: set[str]
) -> Iterator[str]:
    for kind, make in kinds.items():
        keys = [f"`{key}`" for key in inspect.signature(make).parameters if key not in hidden]
        yield f"| `{kind}` | {', '.join(keys)} | {about[kind]} |"


def commands() -> str:
    """Return the page of every command with its help."""
    return COMMANDS + "".join(_helps(cli, "edge-agent")) + f"\n## Exit codes\n{EPILOG}"


def _helps(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(
        command, info_name=name, terminal_width=96, help_option_names=["-h", "--help"]
    )
    yield f"\n## `{name}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _helps(found, f"{name} {child}")


def doctor() -> str:
    """Return the doctor's page: its text, and the table of what each theme reports."""
    parts = [*((theme.name, theme.advice) for theme in THEMES), ("any", ADVICE)]
    head, mark, _ = (HERE / "doctor.md").read_text(encoding="utf-8").partition(FINDINGS)
    return head + mark + "".join(_advice(name, advice) for name, advice in parts)


def _advice(name: str, advice: Mapping[str, str]) -> str:
    rows = (f"| `{id_}` | {text} |\n" for id_, text in advice.items())
    return f"| **{name}** | |\n" + "".join(rows)


PAGES = {
    "configuration.md": configuration,
    "sensors.md": sensors,
    "simulator.md": simulator,
    "commands.md": commands,
    "doctor.md": doctor,
}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (HERE / file).write_text(page(), encoding="utf-8")
