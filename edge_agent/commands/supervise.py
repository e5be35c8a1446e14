"""Runs an agent until a signal ends it: Ctrl-C or SIGTERM stop cleanly, a second one at once."""

import signal
from types import FrameType

from edge_agent.acquire.hardware import Hardware
from edge_agent.agent import STOP, Agent
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.paths import log_path
from edge_agent.clock import SystemClock
from edge_agent.commands.screen import Screen
from edge_agent.observe.systemd import Notifier


def supervise(blueprint: Blueprint, hardware: Hardware, screen: Screen, *, simulated: bool) -> int:
    """Build the agent, run it in this thread, and return its exit code."""
    agent = Agent(
        blueprint,
        hardware,
        log_path(blueprint.config, simulated=simulated),
        clock=SystemClock(),
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
        signal.signal(number, signal.SIG_DFL)  # whoever asks twice means it
        agent.control.put(STOP)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
