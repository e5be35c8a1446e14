"""`edge-agent run`: run the agent on this machine's hardware."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_agent.commands.config_choice import config_argument
from edge_agent.commands.options import log_options, set_option
from edge_agent.terminal.log_lines import LogChoice

if TYPE_CHECKING:
    from edge_agent.assembly.control import Control


@click.command()
@config_argument
@set_option
@log_options
def run(config: Path, overrides: tuple[str, ...], *, log: LogChoice) -> int:
    """Run the agent with CONFIG on this machine's hardware, until Ctrl-C or SIGTERM."""
    from edge_agent.commands.signals import signals  # noqa: PLC0415 - before what takes seconds

    with signals() as control:
        return _run(config, overrides, control, log)


def _run(config: Path, overrides: tuple[str, ...], control: "Control", log: LogChoice) -> int:
    from edge_agent.acquire.hardware import RealHardware  # noqa: PLC0415
    from edge_agent.assembly.replaceable_file import ReplaceableFile  # noqa: PLC0415
    from edge_agent.blueprint import resolve  # noqa: PLC0415
    from edge_agent.commands.supervise import supervise  # noqa: PLC0415
    from edge_agent.config.origin import ConfigOrigin  # noqa: PLC0415
    from edge_agent.terminal.screen import open_screen  # noqa: PLC0415

    if ReplaceableFile(config).take_back():
        click.echo(f"{config}: a new one was on trial; the old one is back", err=True)
    blueprint = resolve(config, overrides)
    screen = open_screen(blueprint, (f"edge-agent runs {config}",), log, lines=False)
    return supervise(
        blueprint,
        RealHardware(),
        screen,
        control,
        reread=lambda: resolve(config, overrides),
        origin=ConfigOrigin(config, overrides),
        simulated=False,
    )
