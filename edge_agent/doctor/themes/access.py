"""Theme: the service's user may use devices, configuration and state directory."""

from collections.abc import Iterator
from pathlib import Path

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.instruments.unit import RUNTIME, drop_in
from edge_agent.doctor.instruments.users import ENTER, READ, WRITE, group_names, obstacle
from edge_agent.paths import STATE

GROUPS = {"i2c": "i2c", "gpio": "gpio", "spi": "spi", "serial": "dialout"}
BULK = "therm_bulk_read"
ADVICE = {
    "not-in-group": "`sudo usermod -aG i2c edge-agent`, or the group that is missing",
    "node-of-root": "`sudo edge-agent service install` installs the udev rules",
    "config-not-readable": "give it to the service's group",
    "state-not-writable": "`sudo chown -R edge-agent: /var/lib/edge-agent`",
    "state-missing": "create the directory that `path` in `[log]` names",
    "state-outside-unit": "`ReadWritePaths=` in a drop-in of the unit",
    "serial-outside-unit": "`DeviceAllow=` in a drop-in of the unit",
    "w1-one-by-one": "`sudo edge-agent service install` installs the udev rule",
}


def _nodes(case: Case) -> Iterator[tuple[str, str]]:
    """Yield kind and path of the device files that are needed."""
    for one in case.serial_lines():
        yield "serial", one.place.id
    patterns = {"i2c": "i2c-*", "spi": "spidev*", "gpio": "gpiochip*"}
    wanted = {
        "i2c": {f"i2c-{one.place.bus}" for one in case.placed("i2c")},
        "spi": {f"spidev{one.place.bus}.{one.place.address}" for one in case.placed("spi")},
        "gpio": set(),
    }
    for kind in ("i2c", "spi", "gpio"):
        found = sorted(path.name for path in case.machine.path("/dev").glob(patterns[kind]))
        for name in found if case.needs(kind) else ():
            if name in wanted[kind] or not wanted[kind]:
                yield kind, f"/dev/{name}"


def check_nodes(case: Case) -> Iterator[Finding]:
    """Find device files that the user may not use; one finding for each missing group."""
    seen = set()
    for kind, node in sorted(set(_nodes(case))):
        finding = _denied(case, kind, node)
        if finding is not None and (finding.id, finding.remedy) not in seen:
            seen.add((finding.id, finding.remedy))
            yield finding


def _denied(case: Case, kind: str, node: str) -> Finding | None:
    try:
        stat = case.probes.stat(case.machine.path(node))
    except FileNotFoundError:
        return None  # the theme `interfaces` reports it
    user = case.user
    if user.may(stat, READ | WRITE):
        return None
    if stat.st_gid == 0 or stat.st_mode & 0o060 != 0o060:
        what = f"only root may use it, not user {user.name}"
        return problem("node-of-root", node, what, _udev_rules(case))
    group = group_names(case.machine).get(stat.st_gid, GROUPS[kind])
    then = "sudo systemctl restart edge-agent" if user.service else "newgrp " + group
    remedy = f"`sudo usermod -aG {group} {user.name} && {then}`"
    return problem("not-in-group", node, f"user {user.name} is not in group {group}", remedy)


def _udev_rules(case: Case) -> str:
    return f"{case.unit.reinstall} installs the udev rules"


def check_configuration(case: Case) -> Iterator[Finding]:
    """Check that the service may read its configuration."""
    if not case.user.service or not case.file.exists():
        return
    barrier = obstacle(case.user, case.probes.stat, case.file, READ)
    if barrier is not None:
        mode = "750" if barrier.is_dir() else "640"
        what = f"user {case.user.name} may not read it"
        remedy = f"`sudo chgrp {case.user.name} {barrier} && sudo chmod {mode} {barrier}`"
        yield problem("config-not-readable", str(barrier), what, remedy)


def check_state(case: Case) -> Iterator[Finding]:
    """Check that the user, and the unit, may write in the event log's directory."""
    directory = case.log().parent
    if directory.is_dir():
        yield from _state_denied(case, directory)
    elif case.config and case.config.log.path:
        remedy = f"`sudo install -d -o {case.user.name} {directory}`"
        yield problem("state-missing", str(directory), "the directory does not exist", remedy)
    yield from _state_sandboxed(case, directory)


def _state_denied(case: Case, directory: Path) -> Iterator[Finding]:
    barrier = obstacle(case.user, case.probes.stat, directory, WRITE | ENTER)
    if barrier == directory:
        what = f"user {case.user.name} may not write in it, so there is no event log"
        remedy = f"`sudo chown -R {case.user.name}: {directory}`"
        yield problem("state-not-writable", str(directory), what, remedy)
    elif barrier is not None:
        what = f"user {case.user.name} may not enter it, so there is no event log"
        yield problem("state-not-writable", str(barrier), what, f"`sudo chmod o+x {barrier}`")


def _state_sandboxed(case: Case, directory: Path) -> Iterator[Finding]:
    if case.unit.setting("ProtectSystem") != "strict":
        return
    listed = " ".join(case.unit.settings("ReadWritePaths")).split()
    writable = [case.machine.path(path) for path in (STATE, RUNTIME)]
    writable += [Path(path.lstrip("-+")) for path in listed]
    if not any(directory.is_relative_to(path) for path in writable):
        what = "the unit lets the agent write only in the unit's own directories"
        remedy = drop_in("log", f"ReadWritePaths={directory}")
        yield problem("state-outside-unit", str(directory), what, remedy)


def check_serial_sandbox(case: Case) -> Iterator[Finding]:
    """Find serial ports that the unit's list of devices lacks."""
    if case.unit.setting("DevicePolicy") not in {"closed", "strict"}:
        return
    allowed = [value.split()[0] for value in case.unit.settings("DeviceAllow")]
    for one in case.serial_lines():
        node = case.machine.path(one.place.id).resolve().name
        kind = f"char-{node.rstrip('0123456789')}"
        if {one.place.id, kind, f"/dev/{node}", "char-tty*"}.isdisjoint(allowed):
            what = "the unit does not let the agent open this device"
            remedy = drop_in("serial", f"DeviceAllow={one.place.id} rw")
            yield problem("serial-outside-unit", one.place.id, what, remedy)


def check_bulk_conversion(case: Case) -> Iterator[Finding]:
    """Check that the user may start the conversion of several thermometers at once."""
    if len(list(case.placed("w1"))) < 2:
        return
    for path in sorted(case.machine.path("/sys/bus/w1/devices").glob(f"w1_bus_master*/{BULK}")):
        if not case.user.may(case.probes.stat(path), WRITE):
            what = (
                "only root may start a joint conversion, so each thermometer takes its own 0.75 s"
            )
            yield warning("w1-one-by-one", str(path), what, _udev_rules(case))


THEME = Theme(
    "access",
    (
        check_nodes,
        check_configuration,
        check_state,
        check_serial_sandbox,
        check_bulk_conversion,
    ),
    ADVICE,
)
