"""`service install`: step after step, each of which may find that its work is done already."""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

from edge_agent.errors import AgentError, ConfigError
from edge_agent.machine import NOT_FOUND, Machine
from edge_agent.paths import CONFIG_FILE, STATE
from edge_agent.service import UNIT, UNIT_FILE, USER
from edge_agent.service.commands import Refused, do, refuse_packaged, runs_systemd
from edge_agent.service.files import TARGETS, put, rendered
from edge_agent.service.first_config import first_config
from edge_agent.service.state import ServiceState, look
from edge_agent.service.words import headline

SYSUSERS, TMPFILES = TARGETS["edge-agent.sysusers"], TARGETS["edge-agent.tmpfiles"]
SUBSYSTEMS = ("i2c-dev", "gpio", "spidev", "w1")  # those of the udev rules
HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - by the unit's ProtectHome= and PrivateTmp=
GROUPS = ("i2c", "gpio", "spi", "dialout")


class Site(NamedTuple):
    """Where the service is installed, and what it starts.

    `parts` are the paths that the program cannot do without; `check` returns what is wrong with the
    configuration, a line for each problem.
    """

    machine: Machine
    program: str
    parts: tuple[str, ...]
    check: Callable[[], tuple[str, ...]]
    online: bool = True


class InstallStep(NamedTuple):
    """Something to be done; `act` yields what it did, in words."""

    name: str
    act: Callable[[Site], Iterator[str]]
    remedy: str


def install(site: Site) -> Iterator[str]:
    """Do every step, and yield a line for what each did.

    Raise AgentError where a step fails, and ConfigError, with all else done, where the
    configuration has errors. A second call goes on where the first one ended.
    """
    refuse_packaged(site.machine, "`sudo systemctl restart edge-agent` restarts it")
    site = site._replace(online=runs_systemd(site.machine))
    for step in STEPS:
        try:
            for words in step.act(site):
                yield f"{step.name:<14} {words}"
        except (Refused, OSError) as error:
            raise AgentError(f"{step.name}: {error}", step.remedy) from error


def find_program(site: Site) -> Iterator[str]:
    """Make sure that the service will see the program."""
    for part in (site.program, *site.parts):
        if part.startswith(tuple(f"{place}/" for place in HIDDEN)):
            what = f"{part}: the service cannot see it, as its unit hides {', '.join(HIDDEN)}"
            raise AgentError(what, "install edge-agent in /opt/edge-agent, as docs/install.md says")
    if not os.access(site.machine.path(site.program), os.X_OK):
        what = f"{site.program}: there is no such program"
        raise AgentError(what, "`pip install` edge-agent in the environment that runs this")
    yield site.program


def put_files(site: Site) -> Iterator[str]:
    """Write the unit, and who may use what."""
    for target, text in rendered(site.program).items():
        yield f"{target}: {put(site.machine, target, text)}"


def make_user(site: Site) -> Iterator[str]:
    """Make the user and the groups that the udev rules need."""
    missing = _missing(site.machine)
    if not missing:
        yield f"{USER}: there already"
        return
    do(site.machine, "systemd-sysusers", SYSUSERS)
    yield f"{USER}: made; a member of {', '.join(GROUPS)}"


def _missing(machine: Machine) -> bool:
    groups = machine.groups()
    return USER not in machine.users() or any(USER not in groups.get(one, ()) for one in GROUPS)


def write_config(site: Site) -> Iterator[str]:
    """Write a first configuration where there is none."""
    path = site.machine.path(CONFIG_FILE)
    if path.exists():
        yield f"{CONFIG_FILE}: there already, and left as it is"
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(new, "w", encoding="utf-8") as file:
        file.write(first_config(site.machine))
    yield f"{CONFIG_FILE}: written; `sudo edge-agent init` finds your sensors"


def own_directories(site: Site) -> Iterator[str]:
    """Let root and the service read the configuration, and the service write its log."""
    before = _owners(site.machine)
    do(site.machine, "systemd-tmpfiles", "--create", TMPFILES)
    same = before == _owners(site.machine)
    yield f"{CONFIG_FILE}, {STATE}: " + ("there already" if same else f"given to {USER}")


def _owners(machine: Machine) -> list[tuple[int, int, int] | None]:
    paths = [machine.path(each) for each in ("/etc/edge-agent", CONFIG_FILE, STATE)]
    stats = [path.stat() if path.exists() else None for path in paths]
    return [stat and (stat.st_mode, stat.st_uid, stat.st_gid) for stat in stats]


def grant_devices(site: Site) -> Iterator[str]:
    """Let the rules act on the devices that are there."""
    if not site.online or site.machine.command("udevadm", "--version").code == NOT_FOUND:
        yield "the udev rules act at the next boot"
        return
    do(site.machine, "udevadm", "control", "--reload")
    matches = [f"--subsystem-match={one}" for one in SUBSYSTEMS]
    do(site.machine, "udevadm", "trigger", "--settle", *matches)
    yield "the udev rules are in force"


def enable(site: Site) -> Iterator[str]:
    """Let systemd know the unit, and start it at every boot."""
    if site.online:
        do(site.machine, "systemctl", "daemon-reload")
    already = site.machine.command("systemctl", "is-enabled", UNIT).output == "enabled"
    if not already:
        do(site.machine, "systemctl", "enable", UNIT)
    yield "starts at every boot" + (" already" if already else "")


def check_config(site: Site) -> Iterator[str]:
    """Leave the service as it is where it could not use the configuration."""
    problems = site.check()
    if problems:
        yield f"{CONFIG_FILE} has errors, so nothing is started: mend it (`sudo edge-agent check`"
        yield "shows the errors), then `sudo systemctl restart edge-agent`"
        raise ConfigError(problems)
    yield f"{CONFIG_FILE}: no problems"


def start(site: Site) -> Iterator[str]:
    """Start it, or anew where an older unit or program runs."""
    if not site.online:
        yield "systemd does not run here: starts at the next boot"
        return
    state = look(site.machine)
    if state.active == "active" and not _outdated(site, state):
        yield "runs already"
        return
    verb = "start" if state.active in {"inactive", "failed"} else "restart"
    try:
        do(site.machine, "systemctl", verb, UNIT)
    except Refused as refused:
        raise Refused(f"{refused}; {headline(look(site.machine))}") from refused
    yield f"{verb}ed"
    yield "`edge-agent service status` shows how it is, `journalctl -u edge-agent` what it says"


def _outdated(site: Site, state: ServiceState) -> bool:
    paths = (site.machine.path(each) for each in (UNIT_FILE, site.program))
    return any(int(path.stat().st_mtime) > (state.since or 0) for path in paths)


AGAIN = "mend that, then `edge-agent service install` again"
STEPS = (
    InstallStep("program", find_program, AGAIN),
    InstallStep("files", put_files, "is the disk full, or read only? " + AGAIN),
    InstallStep("user", make_user, "does `getent passwd edge-agent` show another user? " + AGAIN),
    InstallStep("configuration", write_config, "is the disk full, or read only? " + AGAIN),
    InstallStep("directories", own_directories, AGAIN),
    InstallStep(
        "devices", grant_devices, "`sudo systemctl restart systemd-udevd`, then install again"
    ),
    InstallStep("unit", enable, "`systemctl status edge-agent` may say more; " + AGAIN),
    InstallStep("check", check_config, AGAIN),
    InstallStep("service", start, "`journalctl -u edge-agent -n 20` shows what it said last"),
)
