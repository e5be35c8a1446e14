"""`service status`: the state of the service, from systemd, kernel, journal and event log."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from edge_agent.machine import Machine
from edge_agent.service import UNIT, UNIT_FILE
from edge_agent.service.state import ServiceState, read_state
from edge_agent.service.status_text import headline

ERROR = re.compile("^(ERROR|CRITICAL): ")
RSS = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)
JOURNAL_LINES = 200


class Report(NamedTuple):
    """The state of the service; `memory` in bytes, `log` as in `edge-agent log stats`.

    None and an empty text mean unknown, or not readable for this user.
    """

    running: bool
    state: str
    since: int | None
    restarts: int
    memory: int | None
    status: str
    log: dict[str, Any] | None
    last_error: str

    def lines(self) -> Iterator[str]:
        """Yield the report as text for people, a topic per line."""
        yield f"service      {self.state}"
        if self.restarts:
            yield f"restarts     {self.restarts} since the last start by hand or at boot"
        if self.memory is not None:
            yield f"memory       {self.memory / 1e6:.1f} MB"
        if self.status:
            yield f"status       {self.status}"
        yield from _account(self.log)
        if self.last_error:
            yield f"last error   {self.last_error}"


def report(machine: Machine, log: dict[str, Any] | None) -> Report:
    """Query systemd, the kernel and the journal; `log` is the event log's account."""
    state = read_state(machine)
    if not state.load and not machine.path(UNIT_FILE).exists():
        state = state._replace(load="not-found")
    return Report(
        state.active in {"active", "reloading"},
        headline(state),
        state.since if state.active == "active" else None,
        state.restarts,
        _memory(machine, state),
        state.status_text,
        log,
        _last_error(machine, state),
    )


def _account(log: dict[str, Any] | None) -> Iterator[str]:
    if log is None:
        yield "log          not readable: there is none yet, or it needs `sudo`"
        return
    yield f"recorded     {log['recorded']:,} events"
    for name, sink in log["sinks"].items():
        if sink["configured"]:
            yield f"delivered    {sink['delivered']:,} to {name}, {sink['waiting']:,} waiting"
        for reason, count in sink["refused"].items():
            yield f"refused      {count:,} by {name}: {reason}"
        for reason, count in sink["dropped"].items():
            yield f"dropped      {count:,} for {name}: {reason}"


def _memory(machine: Machine, state: ServiceState) -> int | None:
    """Return the service's memory; without a memory cgroup, as on a Pi, that of its process."""
    if state.active != "active" or state.memory is not None:
        return state.memory
    match = RSS.search(machine.read(f"/proc/{state.pid}/status"))
    return int(match[1]) * 1024 if match else None


def _last_error(machine: Machine, state: ServiceState) -> str:
    """Return the last error of the last process; if it exited, its last line."""
    if not state.pid:
        return ""
    only = (f"_SYSTEMD_UNIT={UNIT}", f"_PID={state.pid}", "--boot", f"--lines={JOURNAL_LINES}")
    answer = machine.command("journalctl", *only, "--output=cat", "--no-pager", "--quiet")
    lines = [line for line in answer.output.splitlines() if line] if not answer.code else []
    exited = state.result == "exit-code" and state.active != "active"
    found = [line for line in lines if ERROR.match(line)] or (lines if exited else [])
    return found[-1] if found else ""
