"""What systemd knows of the service."""

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
    """The unit's state, in systemd's words; `load` is empty where systemd does not run.

    `status` is the exit code of the last main process, or the signal's number where `killed`;
    `since` is in seconds since 1970, `memory` in bytes; None where systemd does not know.
    """

    load: str = ""
    active: str = "inactive"
    sub: str = "dead"
    enabled: bool = False
    result: str = "success"
    pid: int = 0
    killed: bool = False
    status: int = 0
    since: int | None = None
    restarts: int = 0
    memory: int | None = None
    says: str = ""

    @property
    def restarting(self) -> bool:
        """Whether it ended and waits for the next try."""
        return self.sub.startswith("auto-restart")


def look(machine: Machine) -> ServiceState:
    """Ask systemd."""
    asked = f"--property={','.join(PROPERTIES)}"
    told = machine.command("systemctl", "show", UNIT, "--timestamp=unix", asked)
    lines = (line.partition("=") for line in told.output.splitlines())
    return understood({key: value for key, _, value in lines})


def understood(told: dict[str, str]) -> ServiceState:
    """Return the state that `systemctl show` tells."""
    return ServiceState(
        load=told.get("LoadState", ""),
        active=told.get("ActiveState", "inactive"),
        sub=told.get("SubState", "dead"),
        enabled=told.get("UnitFileState") == "enabled",
        result=told.get("Result", "success"),
        pid=_number(told.get("ExecMainPID")) or 0,
        killed=told.get("ExecMainCode") in KILLED,
        status=_number(told.get("ExecMainStatus")) or 0,
        since=_number(told.get("ActiveEnterTimestamp", "").removeprefix("@")),
        restarts=_number(told.get("NRestarts")) or 0,
        memory=_bytes(told.get("MemoryCurrent")),
        says=told.get("StatusText", ""),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _bytes(text: str | None) -> int | None:
    """Return a size; systemd writes 2**64-1, or words, where the kernel does not count."""
    number = _number(text)
    return None if number is None or number >= 2**63 else number
