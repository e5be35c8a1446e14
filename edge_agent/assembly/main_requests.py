"""How the main thread carries out what only it may do; no error in it ends the agent."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from edge_agent.acquire.forced_calibration import ForcedCalibration
from edge_agent.assembly.control import MainRequest
from edge_agent.assembly.flow import Flow
from edge_agent.assembly.reload import reload
from edge_agent.assembly.remote_configuration import RemoteConfiguration
from edge_agent.blueprint import Blueprint
from edge_agent.errors import AgentError
from edge_agent.evaluate.commands.command import Calibrate, Command, Configure, Read, Reload
from edge_agent.events import Finished, lifecycle
from edge_agent.observe.diagnostics import collect_diagnostics
from edge_agent.store.reader import read_stats

Result: TypeAlias = dict[str, Any]
End: TypeAlias = Callable[[Result | None, str], None]  # with the result, or why there is none
MOST_PROBLEMS = 20  # of a configuration that is refused, in one event

_logger = logging.getLogger(__name__)


def carry_out(
    requests: Sequence[MainRequest],
    flow: Flow,
    reread: Callable[[], Blueprint],
    stopping: Callable[[], bool],
    remote: RemoteConfiguration | None = None,
) -> None:
    """Do once what all the requests ask for, and hand its end to the engine; nothing is raised.

    What takes long ends early when `stopping` turns true.
    """
    command = requests[0].command
    end = partial(_end, flow, requests)
    try:
        if isinstance(command, Read | Calibrate):
            _ask_bus(command, flow, end)
        elif isinstance(command, Configure):
            _configure(command, flow, remote, end)
        else:
            end(_result(command, flow, reread, stopping), "")
    except Exception as error:  # noqa: BLE001 - the agent continues after any error
        end(None, _explained(command, error))


def _end(flow: Flow, requests: Sequence[MainRequest], result: Result | None, reason: str) -> None:
    """Hand the end of all the requests to the engine; a bus's thread may do it, too."""
    for one in requests:
        flow.readings.put(Finished(one.key, result, reason))


def _ask_bus(command: Read | Calibrate, flow: Flow, end: End) -> None:
    """Let a bus do it: the next reading, or the bus itself, ends the command."""
    if isinstance(command, Read):
        known = flow.buses.wake(command.device)
    else:
        done = lambda correction: end({"correction": correction}, "")  # noqa: E731
        failed = partial(end, None)
        known = flow.buses.calibrate(ForcedCalibration(command.device, command.value, done, failed))
    if not known:
        raise AgentError(f"no device {command.device!r}")


def _result(
    command: Command, flow: Flow, reread: Callable[[], Blueprint], stopping: Callable[[], bool]
) -> Result:
    """Return what a command results in that the main thread carries out itself."""
    if isinstance(command, Reload):
        return reload_recorded(flow, reread, stopping)
    node = flow.blueprint.config.node
    return collect_diagnostics(node, read_stats(flow.log_path), flow.clock, flow.notices.current())


def _configure(
    command: Configure, flow: Flow, remote: RemoteConfiguration | None, end: End
) -> None:
    """Look at the configuration's file, or replace it: how that ends shows later."""
    if remote is None:
        raise AgentError("this agent has no file of a configuration", "start it with one")
    remote.carry_out(command, flow, end)


def reload_recorded(
    flow: Flow, reread: Callable[[], Blueprint], stopping: Callable[[], bool]
) -> Result:
    """Reload, and record how it ended; raise AgentError if the configuration is refused."""
    try:
        problems = reload(flow, reread, stopping)
    except Exception as error:  # noqa: BLE001 - what runs keeps running
        problems = [_explained(Reload(), error)]
    if not problems:
        flow.records.put(lifecycle(flow.clock.now(), "reloaded"))
        return {"devices": len(flow.blueprint.devices)}
    shown = problems[:MOST_PROBLEMS]
    flow.records.put(lifecycle(flow.clock.now(), "reload_refused", problems=shown))
    for problem in shown:
        _logger.error("not reloaded: %s", problem)
    raise AgentError("; ".join(shown))


def _explained(command: Command, error: Exception) -> str:
    """Return an error as a reason; log a bug, which is all that is not foreseen."""
    if isinstance(error, AgentError):
        return str(error)
    if isinstance(error, OSError | sqlite3.Error):
        return f"{command.name}: {error}; `edge-agent doctor` may find the cause"
    _logger.error("%s: failed", command.name, exc_info=error)
    return f"{command.name}: {error!r}; the agent's log shows more"
