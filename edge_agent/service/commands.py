"""Commands of the machine whose failure ends a step."""

from edge_agent.errors import AgentError
from edge_agent.machine import NOT_FOUND, Machine
from edge_agent.service import UNIT

PACKAGED = f"/usr/lib/systemd/system/{UNIT}"


class Refused(Exception):
    """A command failed; the text says which, and what it said."""


def do(machine: Machine, *words: str) -> None:
    """Run a command; raise `Refused` where it fails."""
    outcome = machine.command(*words)
    if outcome.code:
        said = outcome.output or f"exit code {outcome.code}"
        raise Refused(f"`{' '.join(words)}` says: {said}")


def runs_systemd(machine: Machine) -> bool:
    """Tell whether systemd runs here: in a chroot or an image it does not.

    Raise AgentError where there is no systemd at all.
    """
    told = machine.command("systemctl", "is-system-running")
    if told.code == NOT_FOUND:
        what = "this machine has no systemd, which would run the service"
        raise AgentError(what, "let your own supervisor run `edge-agent run CONFIG`")
    return told.output != "offline"


def refuse_packaged(machine: Machine, remedy: str) -> None:
    """Raise AgentError where the service belongs to Debian's package manager."""
    if machine.path(PACKAGED).exists():
        raise AgentError("the Debian package edge-agent has installed the service", remedy)
