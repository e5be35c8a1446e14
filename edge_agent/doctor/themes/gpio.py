"""Theme: pins of the header: lgpio is installed and complete, and the header's chip exists."""

from collections.abc import Iterator

from drivers.base.errors import DriverError
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem
from edge_agent.doctor.instruments.unit import RUNTIME
from edge_agent.doctor.instruments.users import ENTER, WRITE, obstacle
from edge_agent.paths import STATE

SETTINGS = "WorkingDirectory=%t/edge-agent` and `Environment=LG_WD=%t/edge-agent"
ADVICE = {
    "lgpio-missing": "`sudo apt install python3-lgpio`, in an environment with"
    " `--system-site-packages`",
    "lgpio-stub": "uninstall PyPI's empty lgpio 0.0.0.2; then as above",
    "lgpio-directory": "`sudo edge-agent service install` installs a unit with `LG_WD=`",
    "gpio-chip-missing": "on a Pi, update the kernel; other machines have no header",
}


def check_library(case: Case) -> Iterator[Finding]:
    """Check that lgpio can be imported, and is not the empty package from PyPI."""
    from drivers.base.pins import import_lgpio  # noqa: PLC0415 - gpiozero, 3 MB, only if needed

    try:
        import_lgpio(case.probes.load)
    except PermissionError:
        return  # of this process; the next check looks at the service's
    except DriverError as error:
        if "0.0.0.2" in error.what:
            yield problem("lgpio-stub", error.where, error.what, error.remedy)
        else:
            yield problem("lgpio-missing", error.where, error.what, error.remedy)


def check_chip(case: Case) -> Iterator[Finding]:
    """Check that one of the GPIO chips is the header."""
    from drivers.base.pins import header_chip  # noqa: PLC0415

    try:
        header_chip(case.probes.chips(case.machine))
    except PermissionError:
        return  # the theme `access` reports it
    except DriverError as error:
        remedy = error.remedy if not case.pi else "`sudo apt full-upgrade && sudo reboot`"
        yield problem("gpio-chip-missing", error.where, error.what, remedy)


def check_directory(case: Case) -> Iterator[Finding]:
    """Check that lgpio may create its pipe in the unit's directory."""
    if not case.unit.installed or not case.unit.lines:
        return
    directory = case.unit.environment().get("LG_WD") or case.unit.setting("WorkingDirectory", "/")
    directory = directory.replace("%t", "/run").replace("%S", "/var/lib")
    if not _writable(case, directory):
        what = f"user {case.user.name} may not write in it, and lgpio creates its pipe there"
        remedy = f"{case.unit.reinstall} installs a unit with `{SETTINGS}`"
        yield problem("lgpio-directory", directory, what, remedy)


def _writable(case: Case, directory: str) -> bool:
    """Return whether the service may write; systemd creates the unit's directories at the start."""
    own = {RUNTIME: "RuntimeDirectory", STATE: "StateDirectory"}
    if directory in own and case.unit.setting(own[directory]):
        return True
    path = case.machine.path(directory)
    return path.is_dir() and obstacle(case.user, case.probes.stat, path, WRITE | ENTER) is None


def _skip(case: Case) -> str:
    return "" if case.needs("gpio") else "no readable configuration uses a pin of the header"


THEME = Theme("gpio", (check_library, check_chip, check_directory), ADVICE, _skip)
