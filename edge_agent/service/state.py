"""The state of the service as systemd reports it."""

from typing import NamedTuple

from edge_agent.machine import Machine
from edge_agent.service import UNIT

KILLED = {"2", "3"}  # CLD_KILLED and CLD_DUMPED, waitid(2)
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "Result",
    "ExecMainPID",
    "ExecMainCode",
    "ExecMainStatus",
    "ActiveEnterTimestamp",
    "NRestarts",
    "MemoryCurrent",
    "StatusText",
)


class ServiceState(NamedTuple):
    """The unit's state, in systemd's terms; `load` is empty if systemd does not run.

    `exit_status` is the exit code of the last main process, or the signal's number if `killed`;
    `since` is in seconds since 1970, `memory` in bytes; None if systemd does not know.
    """

    load: str = ""
    active: str = "inactive"
    sub: str = "dead"
    enabled: bool = False
    result: str = "success"
    pid: int = 0
    killed: bool = False
    exit_status: int = 0
    since: int | None = None
    restarts: int = 0
    memory: int | None = None
    status_text: str = ""

    @property
    def restarting(self) -> bool:
        """Whether it ended and waits for its next start."""
        return self.sub.startswith("auto-restart")


def read_state(machine: Machine) -> ServiceState:
    """Query systemd."""
    wanted = f"--property={','.join(PROPERTIES)}"
    shown = machine.command("systemctl", "show", UNIT, "--timestamp=unix", wanted)
    lines = (line.partition("=") for line in shown.output.splitlines())
    return parse_state({key: value for key, _, value in lines})


def parse_state(properties: dict[str, str]) -> ServiceState:
    """Return the state from the output of `systemctl show`."""
    return ServiceState(
        load=properties.get("LoadState", ""),
        active=properties.get("ActiveState", "inactive"),
        sub=properties.get("SubState", "dead"),
        enabled=properties.get("UnitFileState") == "enabled",
        result=properties.get("Result", "success"),
        pid=_number(properties.get("ExecMainPID")) or 0,
        killed=properties.get("ExecMainCode") in KILLED,
        exit_status=_number(properties.get("ExecMainStatus")) or 0,
        since=_number(properties.get("ActiveEnterTimestamp", "").removeprefix("@")),
        restarts=_number(properties.get("NRestarts")) or 0,
        memory=_bytes(properties.get("MemoryCurrent")),
        status_text=properties.get("StatusText", ""),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _bytes(text: str | None) -> int | None:
    """Return a size; systemd reports 2**64-1, or text, if the kernel does not count memory."""
    number = _number(text)
    return None if number is None or number >= 2**63 else number
