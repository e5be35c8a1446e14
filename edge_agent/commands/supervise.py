"""Runs an agent until a signal ends it."""

import gc
from collections.abc import Callable

from edge_agent.acquire.hardware import Hardware
from edge_agent.agent import Agent
from edge_agent.assembly.control import Control
from edge_agent.blueprint import Blueprint
from edge_agent.clock import SystemClock
from edge_agent.config.origin import ConfigOrigin
from edge_agent.observe.systemd import Notifier
from edge_agent.paths import log_path
from edge_agent.terminal.display import Reread
from edge_agent.terminal.screen import Screen, parts_of


def supervise(
    blueprint: Blueprint,
    hardware: Hardware,
    screen: Screen,
    control: Control,
    *,
    reread: Callable[[], Blueprint],
    origin: ConfigOrigin,
    simulated: bool,
) -> int:
    """Build the agent, run it in this thread, and return its exit code."""
    config = blueprint.config
    path = log_path(config.log.path, config.node, simulated=simulated)
    agent = Agent(
        blueprint,
        hardware,
        path,
        control=control,
        clock=SystemClock(_simulated_chip if simulated else None),
        reread=lambda: _shown(reread(), screen),
        notify=Notifier(),
        watch=screen.put,
        origin=origin,
    )
    gc.freeze()  # all of this stays: to look through it again would hold every thread up
    screen.start()
    try:
        return agent.run()
    finally:
        screen.close()


def _simulated_chip() -> bool:
    """Return that a clock chip has set the wall clock: a simulated board has one."""
    return True


def _shown(blueprint: Blueprint, screen: Screen) -> Blueprint:
    """Return a blueprint that was read again; the screen knows its parts then."""
    screen.put(Reread(parts_of(blueprint)))
    return blueprint
