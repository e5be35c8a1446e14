"""`edge-agent run`: the agent on this machine's hardware."""

from pathlib import Path

import click

from edge_agent.commands.options import config_argument, set_option


@click.command()
@config_argument
@set_option
def run(config: Path, overrides: tuple[str, ...]) -> int:
    """Read the sensors of CONFIG and deliver, until Ctrl-C or SIGTERM."""
    from edge_agent.acquire.hardware import RealHardware  # noqa: PLC0415
    from edge_agent.blueprint import draw  # noqa: PLC0415
    from edge_agent.commands.screen import open_screen  # noqa: PLC0415
    from edge_agent.commands.supervise import supervise  # noqa: PLC0415

    blueprint = draw(config, overrides)
    screen = open_screen(blueprint, f"edge-agent runs {config}", lines=False)
    return supervise(
        blueprint,
        RealHardware(),
        screen,
        redraw=lambda: draw(config, overrides),
        simulated=False,
    )
