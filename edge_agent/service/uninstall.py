"""`service uninstall`: removes what `service install` put in place; data only with `--purge`."""

import shutil
from collections.abc import Iterator

from edge_agent.errors import AgentError
from edge_agent.machine import NOT_FOUND, Machine
from edge_agent.paths import CONFIG_FILE, CREDENTIALS, STATE
from edge_agent.service import UNIT, UNIT_FILE, USER
from edge_agent.service.commands import CommandFailed, must_run, refuse_packaged, runs_systemd
from edge_agent.service.files import TARGETS

PURGE = "`sudo edge-agent service uninstall --purge` removes them as well"
DATA = (CONFIG_FILE.rpartition("/")[0], STATE, f"{UNIT_FILE}.d")


def uninstall(machine: Machine, *, purge: bool) -> Iterator[str]:
    """Stop and remove the service; yield a line for what was removed and what was kept.

    Raise AgentError if a command fails; a second call continues where the first one stopped.
    """
    refuse_packaged(machine, "`sudo apt remove edge-agent`, or `sudo apt purge edge-agent`")
    online = runs_systemd(machine)
    try:
        yield from _stop(machine, online=online)
        yield from _remove_files(machine)
        if online:
            _reload(machine)
        yield from _purge(machine) if purge else _keep(machine)
    except (CommandFailed, OSError) as error:
        remedy = "correct that, then run `edge-agent service uninstall` again"
        raise AgentError(str(error), remedy) from error


def _stop(machine: Machine, *, online: bool) -> Iterator[str]:
    if not machine.path(UNIT_FILE).exists():
        yield f"{UNIT}: not installed"
        return
    if online:
        must_run(machine, "systemctl", "stop", UNIT)
    must_run(machine, "systemctl", "disable", UNIT)
    yield f"{UNIT}: stopped, and no longer starts at boot"


def _remove_files(machine: Machine) -> Iterator[str]:
    for target in TARGETS.values():
        if machine.path(target).exists():
            machine.path(target).unlink()
            yield f"{target}: removed"


def _reload(machine: Machine) -> None:
    must_run(machine, "systemctl", "daemon-reload")
    machine.command("systemctl", "reset-failed", UNIT)  # it fails if the unit has not failed
    if machine.command("udevadm", "--version").code != NOT_FOUND:
        must_run(machine, "udevadm", "control", "--reload")


def _keep(machine: Machine) -> Iterator[str]:
    kept = [each for each in (*DATA, *_secrets(machine)) if machine.path(each).exists()]
    kept += [f"the user {USER}"] if USER in machine.users() else []
    if kept:
        yield f"kept: {', '.join(kept)}; {PURGE}"


def _purge(machine: Machine) -> Iterator[str]:
    for each in DATA:
        if machine.path(each).exists():
            shutil.rmtree(machine.path(each))
            yield f"{each}: removed"
    for each in _secrets(machine):
        machine.path(each).unlink()
        yield f"{each}: removed"
    if USER in machine.users():
        must_run(machine, "userdel", USER)
        yield f"the user {USER}: removed"


def _secrets(machine: Machine) -> list[str]:
    found = machine.path(CREDENTIALS).glob("edge-agent.*")
    return [f"{CREDENTIALS}/{path.name}" for path in sorted(found)]
