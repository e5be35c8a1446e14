"""`service status`: how the service is, from all who know something of it."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from edge_agent.machine import Machine
from edge_agent.service import UNIT, UNIT_FILE
from edge_agent.service.state import ServiceState, look
from edge_agent.service.words import headline

ERROR = re.compile("^(ERROR|CRITICAL): ")
RSS = re.compile(r"^VmRSS:\s+(\d+) kB$", re.MULTILINE)
JOURNAL_LINES = 200


class Report(NamedTuple):
    """How the service is; `memory` in bytes, `log` as `edge-agent log stats` has it.

    None and empty texts are what nobody knows, or this user may not.
    """

    running: bool
    words: str
    since: int | None
    restarts: int
    memory: int | None
    says: str
    log: dict[str, Any] | None
    last_error: str

    def lines(self) -> Iterator[str]:
        """Yield it for people, a topic a line."""
        yield f"service      {self.words}"
        if self.restarts:
            yield f"restarts     {self.restarts} since it was last started by hand or at boot"
        if self.memory is not None:
            yield f"memory       {self.memory / 1e6:.1f} MB"
        if self.says:
            yield f"says         {self.says}"
        yield from _told(self.log)
        if self.last_error:
            yield f"last error   {self.last_error}"


def report(machine: Machine, log: dict[str, Any] | None) -> Report:
    """Ask systemd, the kernel and the journal; `log` is the event log's account."""
    state = look(machine)
    if not state.load and not machine.path(UNIT_FILE).exists():
        state = state._replace(load="not-found")
    return Report(
        state.active in {"active", "reloading"},
        headline(state),
        state.since if state.active == "active" else None,
        state.restarts,
        _memory(machine, state),
        state.says,
        log,
        _last_error(machine, state),
    )


def _told(log: dict[str, Any] | None) -> Iterator[str]:
    if log is None:
        yield "log          not readable; `sudo` shows it, if there is one"
        return
    dropped = sum(log["dropped"].values())
    yield f"recorded     {log['recorded']:,} events"
    for sink, waiting in log["waiting"].items():
        delivered = log["recorded"] - waiting - dropped
        yield f"delivered    {delivered:,} to {sink}, {waiting:,} waiting"
    for reason, count in log["dropped"].items():
        yield f"dropped      {count:,} {reason}"


def _memory(machine: Machine, state: ServiceState) -> int | None:
    """Return what the service uses; where no cgroup counts, as on a Pi, what the process does."""
    if state.active != "active" or state.memory is not None:
        return state.memory
    match = RSS.search(machine.read(f"/proc/{state.pid}/status"))
    return int(match[1]) * 1024 if match else None


def _last_error(machine: Machine, state: ServiceState) -> str:
    """Return the last error of the last process; of one that gave up, what it said last."""
    if not state.pid:
        return ""
    only = (f"_SYSTEMD_UNIT={UNIT}", f"_PID={state.pid}", "--boot", f"--lines={JOURNAL_LINES}")
    told = machine.command("journalctl", *only, "--output=cat", "--no-pager", "--quiet")
    lines = [line for line in told.output.splitlines() if line] if not told.code else []
    gave_up = state.result == "exit-code" and state.active != "active"
    found = [line for line in lines if ERROR.match(line)] or (lines if gave_up else [])
    return found[-1] if found else ""
