"""`edge-agent simulate`: the same configuration on simulated hardware."""

from contextlib import closing
from pathlib import Path

import click

from edge_agent.blueprint import Blueprint, resolve
from edge_agent.commands.options import config_argument, set_option


@click.command()
@config_argument
@set_option
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="Signals and faults; default: CONFIG's name with .scenario.toml, where there is one.",
)
@click.option(
    "--no-broker",
    is_flag=True,
    help="Use the broker that CONFIG names instead of one embedded on 127.0.0.1.",
)
def simulate(
    config: Path, overrides: tuple[str, ...], scenario: Path | None, no_broker: bool
) -> int:
    """Run CONFIG with simulated chips, a broker built in, and values that move."""
    from edge_agent.commands.simulation import attach, embedded_broker, simulated_hardware  # noqa: PLC0415
    from edge_agent.commands.supervise import supervise  # noqa: PLC0415
    from edge_agent.terminal.screen import open_screen  # noqa: PLC0415

    blueprint = resolve(config, overrides)
    hardware = simulated_hardware(blueprint, config, scenario)
    with closing(hardware), embedded_broker(blueprint, wanted=not no_broker) as blueprint:
        port = blueprint.broker.addresses[0].port
        headline = (
            f"simulating {config}; in another terminal: mosquitto_sub -p {port} -t 'edge/#' -v"
        )
        screen = open_screen(blueprint, headline, lines=True)
        hardware.thread.start()
        used = blueprint

        def reread() -> Blueprint:
            new = resolve(config, overrides)
            attach(hardware, new)
            return new._replace(broker=used.broker) if not no_broker else new

        return supervise(blueprint, hardware, screen, reread=reread, simulated=True)
