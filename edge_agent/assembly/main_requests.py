"""What other threads ask of the main thread: to stop, or to do what only it may do."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from edge_agent.assembly.flow import Flow
from edge_agent.assembly.reload import reload
from edge_agent.blueprint import Blueprint
from edge_agent.evaluate.commands.command import Command, Read, Reload
from edge_agent.events import Finished, lifecycle
from edge_agent.observe.diagnostics import collect_diagnostics
from edge_agent.store.reader import read_stats

_logger = logging.getLogger(__name__)

STOP = ""  # any other text is the name of a thread that failed


class MainRequest(NamedTuple):
    """What the main thread does for a command; `key` identifies the command at its end."""

    command: Command
    key: str


RELOAD = MainRequest(Reload(), "")  # for a signal


def carry_out(request: MainRequest, flow: Flow, reread: Callable[[], Blueprint]) -> None:
    """Do what a command or a signal asks for; the engine gets the result."""
    command, key = request
    if isinstance(command, Reload):
        _reload(key, flow, reread)
    elif isinstance(command, Read):
        if not flow.buses.wake(command.device):  # otherwise its next reading is the answer
            flow.readings.put(Finished(key, None, f"no device {command.device[:64]!r}"))
    else:
        node = flow.blueprint.config.node
        result = collect_diagnostics(node, read_stats(flow.log_path), flow.clock)
        flow.readings.put(Finished(key, result))


def _reload(key: str, flow: Flow, reread: Callable[[], Blueprint]) -> None:
    problems = reload(flow, reread)
    details = {"problems": problems} if problems else {}
    what = "reload_refused" if problems else "reloaded"
    flow.records.put(lifecycle(flow.clock.now(), what, **details))
    for problem in problems:
        _logger.error("not reloaded: %s", problem)
    result = None if problems else {"devices": len(flow.blueprint.devices)}
    flow.readings.put(Finished(key, result, "; ".join(problems)))
