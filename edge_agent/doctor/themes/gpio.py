"""Theme: pins of the header: the library is there, whole, and finds the header's chip."""

from collections.abc import Iterator

from drivers.base.errors import DriverError
from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem
from edge_agent.doctor.instruments.unit import RUN
from edge_agent.doctor.instruments.users import ENTER, WRITE, obstacle

LINES = "WorkingDirectory=%t/edge-agent` and `Environment=LG_WD=%t/edge-agent"


def check_library(case: Case) -> Iterator[Finding]:
    """Look whether lgpio can be imported, and is not PyPI's empty one."""
    from drivers.base.pins import import_lgpio  # noqa: PLC0415 - gpiozero, 3 MB, only where needed

    try:
        import_lgpio(case.probes.load)
    except PermissionError:
        return  # of this process; that of the service is the next check
    except DriverError as error:
        if "0.0.0.2" in error.what:
            yield problem("lgpio-stub", error.where, error.what, error.remedy)
        else:
            yield problem("lgpio-missing", error.where, error.what, error.remedy)


def check_chip(case: Case) -> Iterator[Finding]:
    """Look for the header among the GPIO chips."""
    from drivers.base.pins import header_chip  # noqa: PLC0415

    try:
        header_chip(case.probes.chips(case.machine))
    except PermissionError:
        return  # the theme of access tells
    except DriverError as error:
        remedy = error.remedy if not case.pi else "`sudo apt full-upgrade && sudo reboot`"
        yield problem("gpio-chip-missing", error.where, error.what, remedy)


def check_directory(case: Case) -> Iterator[Finding]:
    """Look whether lgpio may make its pipe in the unit's directory."""
    if not case.unit.installed or not case.unit.lines:
        return
    directory = case.unit.environment().get("LG_WD") or case.unit.setting("WorkingDirectory", "/")
    directory = directory.replace("%t", "/run").replace("%S", "/var/lib")
    if not _writable(case, directory):
        what = f"user {case.user.name} may not write there, and lgpio makes its pipe there"
        remedy = f"{case.unit.reinstall}: its unit has `{LINES}`"
        yield problem("lgpio-directory", directory, what, remedy)


def _writable(case: Case, directory: str) -> bool:
    """Tell whether the service may write; systemd makes its own directories before it starts."""
    own = {RUN: "RuntimeDirectory", "/var/lib/edge-agent": "StateDirectory"}
    if directory in own and case.unit.setting(own[directory]):
        return True
    path = case.machine.path(directory)
    return path.is_dir() and obstacle(case.user, case.probes.stat, path, WRITE | ENTER) is None


THEME = Theme(
    "gpio",
    (check_library, check_chip, check_directory),
    lambda case: (
        ""
        if case.wants("gpio")
        else "no configuration that needs a pin of the header can be read here"
    ),
)
