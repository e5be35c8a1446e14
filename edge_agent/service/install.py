"""`service install`: a list of steps, each of which does nothing if its work is already done."""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from edge_agent.errors import AgentError, ConfigError
from edge_agent.machine import NOT_FOUND, Machine
from edge_agent.paths import CONFIG_FILE, STATE
from edge_agent.private_files import create
from edge_agent.service import UNIT, UNIT_FILE, USER
from edge_agent.service.commands import CommandFailed, must_run, refuse_packaged, runs_systemd
from edge_agent.service.files import TARGETS, UNCHANGED, put, rendered
from edge_agent.service.first_config import first_config
from edge_agent.service.state import ServiceState, read_state
from edge_agent.service.status_text import headline

SYSUSERS, TMPFILES = TARGETS["edge-agent.sysusers"], TARGETS["edge-agent.tmpfiles"]
SUBSYSTEMS = ("i2c-dev", "gpio", "spidev", "w1")  # as in the udev rules
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - by the unit's ProtectHome= and PrivateTmp=
GROUPS = ("i2c", "gpio", "spi", "dialout")


class Site(NamedTuple):
    """Where the service is installed, and what it starts.

    `parts` are the paths that the program needs; `check` returns a line for each problem of the
    configuration.
    """

    machine: Machine
    program: str
    parts: tuple[str, ...]
    check: Callable[[], tuple[str, ...]]
    online: bool = True


class InstallStep(NamedTuple):
    """One step; `act` does it and yields what it did, as text."""

    name: str
    act: Callable[[Site], Iterator[str]]
    remedy: str


def install(site: Site) -> Iterator[str]:
    """Do every step, and yield a line for what each did.

    Raise AgentError if a step fails, and ConfigError if only the configuration has errors. A second
    call continues where the first one stopped.
    """
    refuse_packaged(site.machine, "`sudo systemctl restart edge-agent` restarts it")
    site = site._replace(online=runs_systemd(site.machine))
    for step in STEPS:
        try:
            for text in step.act(site):
                yield f"{step.name:<14} {text}"
        except (CommandFailed, OSError) as error:
            raise AgentError(f"{step.name}: {error}", step.remedy) from error


def find_program(site: Site) -> Iterator[str]:
    """Check that the service will see the program."""
    for part in (site.program, *site.parts):
        if part.startswith(tuple(f"{place}/" for place in HIDDEN)):
            what = f"{part}: the service cannot see it, because its unit hides {', '.join(HIDDEN)}"
            raise AgentError(
                what, "install edge-agent in /opt/edge-agent, as docs/install.md describes"
            )
    if not os.access(site.machine.path(site.program), os.X_OK):
        what = f"{site.program}: not found, or not executable"
        raise AgentError(what, "`pip install edge-agent` in the environment of this command")
    yield site.program


def put_files(site: Site) -> Iterator[str]:
    """Write the unit, and the rules for users, directories and devices."""
    for target, text in rendered(site.program).items():
        yield f"{target}: {put(site.machine, target, text)}"


def create_user(site: Site) -> Iterator[str]:
    """Create the user and the groups that the udev rules need."""
    missing = _missing(site.machine)
    if not missing:
        yield f"{USER}: {UNCHANGED}"
        return
    must_run(site.machine, "systemd-sysusers", SYSUSERS)
    yield f"{USER}: created; member of {', '.join(GROUPS)}"


def _missing(machine: Machine) -> bool:
    groups = machine.groups()
    return USER not in machine.users() or any(USER not in groups.get(one, ()) for one in GROUPS)


def write_config(site: Site) -> Iterator[str]:
    """Write a first configuration if there is none."""
    path = site.machine.path(CONFIG_FILE)
    if path.exists():
        yield f"{CONFIG_FILE}: {UNCHANGED}"
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with os.fdopen(create(path), "w", encoding="utf-8") as file:
        file.write(first_config(site.machine))
    yield f"{CONFIG_FILE}: written; `sudo edge-agent init --force` finds your sensors"


def own_directories(site: Site) -> Iterator[str]:
    """Give configuration and state directory to root and the service, with their modes."""
    before = _owners(site.machine)
    must_run(site.machine, "systemd-tmpfiles", "--create", TMPFILES)
    same = before == _owners(site.machine)
    yield f"{CONFIG_FILE}, {STATE}: " + (UNCHANGED if same else f"owner and mode set for {USER}")


def _owners(machine: Machine) -> list[tuple[int, int, int] | None]:
    paths = [machine.path(each) for each in ("/etc/edge-agent", CONFIG_FILE, STATE)]
    stats = [path.stat() if path.exists() else None for path in paths]
    return [stat and (stat.st_mode, stat.st_uid, stat.st_gid) for stat in stats]


def grant_devices(site: Site) -> Iterator[str]:
    """Apply the udev rules to the devices that exist."""
    if not site.online or site.machine.command("udevadm", "--version").code == NOT_FOUND:
        yield "the udev rules apply from the next boot"
        return
    must_run(site.machine, "udevadm", "control", "--reload")
    matches = [f"--subsystem-match={one}" for one in SUBSYSTEMS]
    must_run(site.machine, "udevadm", "trigger", "--settle", *matches)
    yield "udev rules applied"


def enable(site: Site) -> Iterator[str]:
    """Have systemd load the unit, and start it at every boot."""
    if site.online:
        must_run(site.machine, "systemctl", "daemon-reload")
    already = site.machine.command("systemctl", "is-enabled", UNIT).output == "enabled"
    if not already:
        must_run(site.machine, "systemctl", "enable", UNIT)
    yield "already enabled at boot" if already else "enabled at boot"


def check_config(site: Site) -> Iterator[str]:
    """Stop before the start if the configuration has errors."""
    problems = site.check()
    if problems:
        yield f"{CONFIG_FILE} has errors, so the service is not started:"
        yield "correct them (`sudo edge-agent check`), then `sudo systemctl restart edge-agent`"
        raise ConfigError(problems)
    yield f"{CONFIG_FILE}: no problems"


def start(site: Site) -> Iterator[str]:
    """Start the service, or restart it if it runs an older unit or program."""
    if not site.online:
        yield "systemd does not run here: the service starts at the next boot"
        return
    state = read_state(site.machine)
    if state.active == "active" and not _outdated(site, state):
        yield "already running"
        return
    verb = "start" if state.active in {"inactive", "failed"} else "restart"
    try:
        must_run(site.machine, "systemctl", verb, UNIT)
    except CommandFailed as error:
        raise CommandFailed(f"{error}; {headline(read_state(site.machine))}") from error
    yield f"{verb}ed"
    yield "`edge-agent service status` shows its state, `journalctl -u edge-agent` its messages"


def _outdated(site: Site, state: ServiceState) -> bool:
    paths = (site.machine.path(each) for each in (UNIT_FILE, site.program))
    return any(int(path.stat().st_mtime) > (state.since or 0) for path in paths)


AGAIN = "correct that, then run `edge-agent service install` again"
FULL = "check that the disk is neither full nor read-only; "
STEPS = (
    InstallStep("program", find_program, AGAIN),
    InstallStep("files", put_files, FULL + AGAIN),
    InstallStep(
        "user", create_user, "`getent passwd edge-agent` shows a conflicting user; " + AGAIN
    ),
    InstallStep("configuration", write_config, FULL + AGAIN),
    InstallStep("directories", own_directories, AGAIN),
    InstallStep("devices", grant_devices, "`sudo systemctl restart systemd-udevd`; " + AGAIN),
    InstallStep("unit", enable, "`systemctl status edge-agent` may show more; " + AGAIN),
    InstallStep("check", check_config, AGAIN),
    InstallStep("service", start, "`journalctl -u edge-agent -n 20` shows its last messages"),
)
