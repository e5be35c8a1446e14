"""The service's unit: its state as systemd reports it, and the lines of its files."""

from collections.abc import Iterator
from typing import NamedTuple

from edge_agent.machine import NOT_FOUND, Machine
from edge_agent.service import UNIT
from edge_agent.service.commands import PACKAGED
from edge_agent.service.state import parse_state
from edge_agent.service.status_text import reason

RUNTIME = "/run/edge-agent"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
UNLIMITED = 2**63  # systemd reports 2**64 - 1 for no limit
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "Result",
    "ExecMainCode",
    "ExecMainStatus",
    "NRestarts",
    "NeedDaemonReload",
    "ActiveEnterTimestampMonotonic",
    "ControlGroup",
    "MemoryHigh",
    "MemoryMax",
)


class Unit(NamedTuple):
    """`state` has systemd's properties, none without systemd; `lines` are its files' settings.

    `packaged` if the Debian package has installed it.
    """

    state: dict[str, str]
    lines: tuple[tuple[str, str], ...] = ()
    packaged: bool = False

    @property
    def systemd(self) -> bool:
        """Whether systemd runs here."""
        return bool(self.state)

    @property
    def installed(self) -> bool:
        """Whether systemd knows the unit."""
        return self.state.get("LoadState", "not-found") != "not-found"

    @property
    def active(self) -> bool:
        """Whether the agent runs or starts: then its buses are left alone."""
        return self.state.get("ActiveState") in {"active", "activating", "reloading"}

    def number(self, name: str) -> int:
        """Return a property as a number; 0 if it is none."""
        text = self.state.get(name, "")
        number = int(text) if text.isascii() and text.isdigit() else 0
        return number if number < UNLIMITED else 0

    @property
    def ended(self) -> str:
        """Why it ended last, as text."""
        return reason(parse_state(self.state))

    @property
    def reinstall(self) -> str:
        """The command that installs user, groups, udev rules and unit."""
        if self.packaged:
            return "`sudo apt-get install --reinstall edge-agent`"
        return "`sudo edge-agent service install`"

    def settings(self, key: str) -> Iterator[str]:
        """Yield the values of a key in the unit's files, in order; an empty one resets them."""
        values: list[str] = []
        for name, value in self.lines:
            if name == key:
                values = [*values, value] if value else []
        yield from values

    def setting(self, key: str, default: str = "") -> str:
        """Return the last value of a key."""
        return next(reversed(list(self.settings(key))), default)

    def environment(self) -> dict[str, str]:
        """Return the variables that the unit's files set, %t filled in."""
        words = " ".join(self.settings("Environment")).replace("%t", "/run").split()
        pairs = (word.strip("\"'").partition("=") for word in words)
        return {name: value for name, _, value in pairs}


def read_unit(machine: Machine) -> Unit:
    """Query systemd, and read the unit with its drop-ins."""
    packaged = machine.path(PACKAGED).exists()
    shown = machine.command("systemctl", "show", UNIT, f"--property={','.join(PROPERTIES)}")
    if shown.code == NOT_FOUND:
        return Unit({}, packaged=packaged)
    state = dict(_pairs(shown.output))
    if "LoadState" not in state:  # a container: systemctl without systemd
        return Unit({}, packaged=packaged)
    if state["LoadState"] in {"not-found", "masked"}:
        return Unit(state, packaged=packaged)
    lines = tuple(_pairs(machine.command("systemctl", "cat", UNIT).output))
    return Unit(state, lines, packaged)


def drop_in(name: str, line: str) -> str:
    """Return the command that adds a line to the unit."""
    return (
        f"`sudo install -D /dev/stdin {DROP_INS}/{name}.conf <<< $'[Service]\\n{line}'"
        " && sudo systemctl daemon-reload && sudo systemctl restart edge-agent`"
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith("#"):
            yield key.strip(), value.strip()
