"""`edge-agent pins`: the header of the Pi, with what the configuration puts on each pin."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_agent.commands.config_choice import config_argument
from edge_agent.commands.options import json_option, set_option
from edge_agent.errors import ConfigError
from edge_agent.terminal.wrapping import say

if TYPE_CHECKING:
    from edge_agent.blueprint.pin_uses import PinUses

COLOURS = {"power": "yellow", "free": "bright_black", "used": "green", "conflict": "red"}


@click.command()
@config_argument
@set_option
@json_option
def pins(config: Path, overrides: tuple[str, ...], as_json: bool) -> int:
    """Draw the 40-pin header with what CONFIG puts on each pin.

    GPIO numbers are those of the configuration (BCM); those beside the middle count the pins. A
    pin that two things claim begins with "!". Nothing is opened or switched.

    Exit code 2 if CONFIG has problems, which follow the picture.
    """
    from edge_agent.blueprint.pin_uses import pin_uses  # noqa: PLC0415

    uses = pin_uses(config, overrides)
    if as_json:
        click.echo(json.dumps(_facts(uses), ensure_ascii=False))
    else:
        _draw(uses, shutil.get_terminal_size().columns)
    return ConfigError.exit_code if uses.problems else 0


def _draw(uses: "PinUses", columns: int) -> None:
    from edge_agent.terminal.pinout import rows, text  # noqa: PLC0415

    for row in rows(uses.pins, uses.conflicts):
        left, numbers, right = text(row, columns)
        styled = click.style(left, COLOURS[row.left.state])
        click.echo(f"{styled}{numbers}{click.style(right, COLOURS[row.right.state])}")
    if uses.wires:
        click.echo(f"1-Wire, GPIO4 unless config.txt says otherwise: {', '.join(uses.wires)}")
    for problem in uses.problems:
        say(problem)


def _facts(uses: "PinUses") -> dict[str, object]:
    from edge_agent.blueprint.header import HEADER  # noqa: PLC0415

    found = {
        pin: [{"name": one, "as": role} for role, names in roles.items() for one in names]
        for pin, roles in sorted(uses.pins.items())
    }
    return {
        "used": found,
        "free": [pin for pin in HEADER if pin not in uses.pins],
        "conflicts": sorted(uses.conflicts),
        "w1": uses.wires,
        "problems": uses.problems,
    }
