"""Commands of the machine that must succeed, and what they find out about systemd."""

from edge_agent.errors import AgentError
from edge_agent.machine import NOT_FOUND, Machine
from edge_agent.service import UNIT

PACKAGED = f"/usr/lib/systemd/system/{UNIT}"


class CommandFailed(Exception):
    """A command failed; the text names it and quotes its output."""


def must_run(machine: Machine, *words: str) -> None:
    """Run a command; raise `CommandFailed` if it fails."""
    result = machine.command(*words)
    if result.code:
        output = result.output or f"exit code {result.code}"
        raise CommandFailed(f"`{' '.join(words)}` failed: {output}")


def runs_systemd(machine: Machine) -> bool:
    """Return whether systemd runs here: in a chroot or an image it does not.

    Raise AgentError if systemd is not installed.
    """
    answer = machine.command("systemctl", "is-system-running")
    if answer.code == NOT_FOUND:
        what = "this machine has no systemd to run the service"
        raise AgentError(what, "have your own supervisor run `edge-agent run CONFIG`")
    return answer.output != "offline"


def refuse_packaged(machine: Machine, remedy: str) -> None:
    """Raise AgentError if the Debian package has installed the service."""
    if machine.path(PACKAGED).exists():
        raise AgentError("the Debian package edge-agent has installed the service", remedy)
