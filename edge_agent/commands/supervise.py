"""Runs an agent until a signal ends it.

Ctrl-C or SIGTERM stop cleanly, a second one at once; SIGHUP reads the configuration again.
"""

import signal
from collections.abc import Callable
from types import FrameType

from edge_agent.acquire.hardware import Hardware
from edge_agent.agent import Agent
from edge_agent.assembly.main_requests import RELOAD, STOP
from edge_agent.blueprint import Blueprint
from edge_agent.clock import SystemClock
from edge_agent.observe.systemd import Notifier
from edge_agent.paths import log_path
from edge_agent.terminal.display import Reread
from edge_agent.terminal.screen import Screen, channels_of


def supervise(
    blueprint: Blueprint,
    hardware: Hardware,
    screen: Screen,
    *,
    reread: Callable[[], Blueprint],
    simulated: bool,
) -> int:
    """Build the agent, run it in this thread, and return its exit code."""

    def reread_and_show() -> Blueprint:
        new = reread()
        screen.put(Reread(channels_of(new)))
        return new

    agent = Agent(
        blueprint,
        hardware,
        log_path(blueprint.config.log.path, blueprint.config.node, simulated=simulated),
        clock=SystemClock(),
        reread=reread_and_show,
        notify=Notifier(),
        watch=screen.put,
    )
    _stop_on_signals(agent)
    screen.start()
    try:
        return agent.run()
    finally:
        screen.close()


def _stop_on_signals(agent: Agent) -> None:
    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once
        agent.control.put(STOP)

    def reload(_number: int, _frame: FrameType | None) -> None:
        agent.control.put(RELOAD)

    signal.signal(signal.SIGHUP, reload)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
