"""`edge-agent simulate`: the same configuration on simulated hardware."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_agent.blueprint import Blueprint, resolve
from edge_agent.commands.options import (
    config_argument,
    log_format_option,
    set_option,
    trace_option,
)
from edge_agent.config.origin import ConfigOrigin
from edge_agent.config.web import page_url
from edge_agent.terminal.log_lines import LogChoice, LogFormat

if TYPE_CHECKING:
    from edge_agent.assembly.control import Control
    from edge_agent.terminal.screen import Screen
    from simulators.hardware import SimulatedHardware


@click.command()
@config_argument
@set_option
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="Signals and faults; default: CONFIG's name with .scenario.toml, if that file exists.",
)
@click.option(
    "--no-broker",
    is_flag=True,
    help="Deliver to the broker and sinks of CONFIG, not to a built-in broker on 127.0.0.1.",
)
@log_format_option
@trace_option
def simulate(
    config: Path,
    overrides: tuple[str, ...],
    scenario: Path | None,
    *,
    no_broker: bool,
    log_format: LogFormat,
    trace: bool,
) -> int:
    """Run CONFIG with simulated chips, a built-in broker, and values that move.

    Type `set air.temperature 31` to change an input while it runs, `fault air unplug` to make a
    device fail, `help` for more; `edge-agent control` does the same from another terminal.
    """
    from edge_agent.commands.signals import signals  # noqa: PLC0415
    from edge_agent.commands.simulation import embedded_broker, simulated_hardware  # noqa: PLC0415

    with signals() as control:
        blueprint = resolve(config, overrides)
        hardware = simulated_hardware(blueprint, config, scenario)
        with closing(hardware), embedded_broker(blueprint, wanted=not no_broker) as used:
            origin = ConfigOrigin(config, overrides)
            reread = partial(_reread, origin, hardware, embedded=not no_broker)
            screen = _screen(config, used, LogChoice(log_format, trace))
            return _simulate(used, hardware, control, screen, reread=reread, origin=origin)


def _simulate(
    blueprint: Blueprint,
    hardware: "SimulatedHardware",
    control: "Control",
    screen: "Screen",
    *,
    reread: Callable[[], Blueprint],
    origin: ConfigOrigin,
) -> int:
    from edge_agent.commands.live_control import live_control  # noqa: PLC0415
    from edge_agent.commands.simulation import executor  # noqa: PLC0415
    from edge_agent.commands.supervise import supervise  # noqa: PLC0415
    from edge_agent.terminal.control_socket import control_path  # noqa: PLC0415

    hardware.thread.start()
    socket = control_path(blueprint.config.log.path, blueprint.config.node)
    with live_control(executor(hardware), screen, socket):
        return supervise(
            blueprint, hardware, screen, control, reread=reread, origin=origin, simulated=True
        )


def _screen(config: Path, blueprint: Blueprint, log: LogChoice) -> "Screen":
    from edge_agent.commands.simulation import broker_port  # noqa: PLC0415
    from edge_agent.terminal.screen import open_screen  # noqa: PLC0415
    from edge_agent.topic_names import NODE  # noqa: PLC0415

    port = broker_port(blueprint)
    topics = blueprint.config.mqtt.topic.partition(NODE)[0]
    watch = f"mosquitto_sub -p {port} -t '{topics}#' -v"
    page = page_url(blueprint.config.web)
    shown = f"; the page: {page}" * bool(page)
    headline = f"simulating {config}{shown}; in another terminal: {watch}"
    return open_screen(blueprint, headline, log, lines=True)


def _reread(origin: ConfigOrigin, hardware: "SimulatedHardware", *, embedded: bool) -> Blueprint:
    """Read the configuration again; what is new in it is connected, the broker stays."""
    from edge_agent.commands.simulation import attach, on_embedded_broker  # noqa: PLC0415

    new = resolve(*origin)
    hardware.thread.call(partial(attach, hardware, new))
    return on_embedded_broker(new) if embedded else new
