"""`edge-agent simulate`: the same configuration on simulated hardware."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_agent.blueprint import Blueprint, resolve
from edge_agent.commands.config_choice import example_argument
from edge_agent.commands.options import log_options, set_option
from edge_agent.config.origin import ConfigOrigin
from edge_agent.config.web import page_url
from edge_agent.example_files import GREENHOUSE
from edge_agent.terminal.log_lines import LogChoice

if TYPE_CHECKING:
    from edge_agent.assembly.control import Control
    from edge_agent.commands.demo_broker import DemoDelivery
    from edge_agent.terminal.screen import Screen
    from simulators.hardware import SimulatedHardware

scenario_option = click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="Signals and faults; default: CONFIG's name with .scenario.toml, if that file exists.",
)
no_broker_option = click.option(
    "--no-broker",
    is_flag=True,
    help="Deliver to the broker and sinks of CONFIG, not to a broker of its own on 127.0.0.1.",
)


@click.command()
@example_argument
@set_option
@scenario_option
@no_broker_option
@log_options
def simulate(config: Path, overrides: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401
    """Run CONFIG with simulated chips, a broker of its own, and values that move.

    Without CONFIG, run the greenhouse example. The broker is an installed mosquitto, or else the
    embedded one.

    Type `set air.temperature 31` to change an input while it runs, `fault air unplug` to make a
    device fail, `help` for more; `edge-agent control` does the same from another terminal.
    """
    return simulated(ConfigOrigin(config, overrides), **options)


def simulated(
    origin: ConfigOrigin, *, scenario: Path | None, no_broker: bool, log: LogChoice
) -> int:
    """Run a configuration on simulated hardware until a signal ends it; return the exit code."""
    from edge_agent.commands.demo_broker import delivery  # noqa: PLC0415
    from edge_agent.commands.signals import signals  # noqa: PLC0415
    from edge_agent.commands.simulation import simulated_hardware  # noqa: PLC0415

    with signals() as control:
        blueprint = resolve(*origin)
        hardware = simulated_hardware(blueprint, origin.file, scenario)
        with closing(hardware), delivery(blueprint, own_broker=not no_broker) as to:
            reread = partial(_reread, origin, hardware, to)
            screen = _screen(origin.file, blueprint, to, log)
            used = to.directed(blueprint)
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
    from edge_agent.terminal.display import ControlAnswer  # noqa: PLC0415
    from simulators.announcements import FaultAnnouncer  # noqa: PLC0415

    announcer = FaultAnnouncer(hardware.faults, lambda text: screen.put(ControlAnswer(text)))
    hardware.thread.start(announcer.step)
    socket = control_path(blueprint.config.log.path, blueprint.config.node)
    with live_control(executor(hardware), screen, socket):
        return supervise(
            blueprint, hardware, screen, control, reread=reread, origin=origin, simulated=True
        )


def _screen(config: Path, blueprint: Blueprint, to: "DemoDelivery", log: LogChoice) -> "Screen":
    from edge_agent.terminal.screen import open_screen  # noqa: PLC0415

    return open_screen(blueprint, heading(config, blueprint, to.about), log, lines=True)


def heading(config: Path, blueprint: Blueprint, broker: str) -> tuple[str, ...]:
    """Return what a simulation says of itself: what it is, and where its events can be seen."""
    from edge_agent.commands.demo_broker import broker_port  # noqa: PLC0415
    from edge_agent.topic_names import NODE  # noqa: PLC0415

    topics = blueprint.config.mqtt.topic.partition(NODE)[0]
    page = page_url(blueprint.config.web)
    port = broker_port(blueprint)
    is_example = config == GREENHOUSE
    lines = (
        f"simulating {config.name if is_example else config}",
        f"the page: {page}" * bool(page),
        f"broker: {broker}",
        f"in another terminal: mosquitto_sub -p {port} -t '{topics}#' -v",
        f"the file: {config}" * is_example,
    )
    return tuple(filter(None, lines))


def _reread(origin: ConfigOrigin, hardware: "SimulatedHardware", to: "DemoDelivery") -> Blueprint:
    """Read the configuration again; what is new in it is connected, the broker stays."""
    from edge_agent.commands.simulation import attach  # noqa: PLC0415

    new = resolve(*origin)
    hardware.thread.call(partial(attach, hardware, new))
    return to.directed(new)
