"""Theme: the unit is installed, enabled and running, and has not been killed lately."""

from collections.abc import Iterator

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.themes import crashes
from edge_agent.service import UNIT
from edge_agent.service.files import rendered

MANY = 3  # restarts
RECENT = 600_000_000  # µs: a unit that has run for longer has recovered
START = "`sudo systemctl start edge-agent`"
JOURNAL = "`journalctl -u edge-agent -n 50` shows more; then " + START
# By exit code: the agent's own, and systemd's (systemd.exec, "Process exit codes").
REMEDIES = {
    2: "`edge-agent check` shows them; then " + START,
    3: "solve the problems under interfaces and access; then " + START,
    4: "solve the problems under storage; then " + START,
}
UNIT_CODES = {200, 203, 217}  # directory, program, user
ADVICE = {
    "unit-missing": "`sudo edge-agent service install`",
    "unit-masked": "`sudo systemctl unmask edge-agent`",
    "unit-disabled": "`sudo systemctl enable --now edge-agent`",
    "unit-old": "`sudo edge-agent service install`",
    "unit-changed": "`sudo systemctl daemon-reload`",
    "unit-stopped": "`sudo systemctl start edge-agent`",
    "unit-failed": "depends on its exit code; the finding quotes the last errors of the journal",
    "unit-restarting": "as `unit-failed`",
    **crashes.ADVICE,
}


def check_installed(case: Case) -> Iterator[Finding]:
    """Check that systemd knows the unit, may start it, and starts it at boot."""
    state = case.unit.state
    if not case.unit.installed:
        what = "the agent is not installed as a service"
        yield warning("unit-missing", UNIT, what, case.unit.reinstall)
    elif state["LoadState"] == "masked":
        remedy = "`sudo systemctl unmask edge-agent && sudo systemctl enable --now edge-agent`"
        yield problem("unit-masked", UNIT, "it is masked: nothing can start it", remedy)
    elif state.get("UnitFileState") == "disabled":
        remedy = "`sudo systemctl enable --now edge-agent`"
        yield problem("unit-disabled", UNIT, "it does not start at boot", remedy)
    if state.get("NeedDaemonReload") == "yes":
        remedy = "`sudo systemctl daemon-reload && sudo systemctl restart edge-agent`"
        what = "its file has changed since systemd read it"
        yield warning("unit-changed", UNIT, what, remedy)


def check_version(case: Case) -> Iterator[Finding]:
    """Compare unit, udev rules and the other files with those of this version."""
    unit = case.unit
    if unit.packaged or not unit.installed:
        return
    wanted = rendered(unit.setting("ExecStart").partition(" ")[0])
    old = [path for path, text in wanted.items() if case.machine.read(path) != text.strip()]
    if old:
        what = "not from this version of edge-agent"
        yield warning("unit-old", ", ".join(old), what, unit.reinstall)


def check_running(case: Case) -> Iterator[Finding]:
    """Check that the agent runs, and does not restart again and again."""
    unit, state = case.unit, case.unit.state.get("ActiveState")
    if not unit.installed or unit.state["LoadState"] == "masked":
        return
    if state == "failed":
        what = f"it has failed, because {unit.ended}; {crashes.last_errors(case)}"
        yield problem("unit-failed", UNIT, what, _remedy(case))
    elif state == "inactive" and unit.state.get("UnitFileState") != "disabled":
        yield warning("unit-stopped", UNIT, "it is not running", START)
    elif _restarts_again_and_again(case):
        times = unit.number("NRestarts")
        what = f"it restarted {times} times, because {unit.ended}; {crashes.last_errors(case)}"
        yield problem("unit-restarting", UNIT, what, _remedy(case))


def _restarts_again_and_again(case: Case) -> bool:
    unit = case.unit
    age = case.clock.now().uptime - unit.number("ActiveEnterTimestampMonotonic")
    waiting = unit.state.get("SubState") == "auto-restart"
    return unit.number("NRestarts") >= MANY and (waiting or age < RECENT)


def _remedy(case: Case) -> str:
    """Return the remedy for the last exit code."""
    code = case.unit.number("ExecMainStatus")
    if case.unit.state.get("Result") != "exit-code":
        return JOURNAL
    return case.unit.reinstall if code in UNIT_CODES else REMEDIES.get(code, JOURNAL)


def _skip(case: Case) -> str:
    return "" if case.unit.systemd else "systemd does not run here"


THEME = Theme(
    "service",
    (check_installed, check_version, check_running, *crashes.CHECKS),
    ADVICE,
    _skip,
)
