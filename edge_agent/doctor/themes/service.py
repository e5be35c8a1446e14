"""Theme: the unit is installed, enabled, running, and has not been killed lately."""

from collections.abc import Iterator

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, Theme, problem, warning
from edge_agent.doctor.themes.crashes import check_crashes, check_memory, last_errors
from edge_agent.service import UNIT
from edge_agent.service.files import rendered

MANY = 3  # restarts
YOUNG = 600_000_000  # µs: a unit that has run for longer has got over them
START = "`sudo systemctl start edge-agent`"
JOURNAL = "`journalctl -u edge-agent -n 50` says more; then " + START
# By exit code: the agent's own, and systemd's (systemd.exec, "Process exit codes").
REMEDIES = {
    2: "`edge-agent check` shows them; then " + START,
    3: "mend what stands under interfaces and access; then " + START,
    4: "mend what stands under storage; then " + START,
}
UNIT_CODES = {200, 203, 217}  # directory, program, user


def check_installed(case: Case) -> Iterator[Finding]:
    """Look whether systemd knows the unit, may start it, and does so at boot."""
    state = case.unit.state
    if not case.unit.installed:
        what = "the agent is no service: not installed"
        yield warning("unit-missing", UNIT, what, case.unit.reinstall)
    elif state["LoadState"] == "masked":
        remedy = "`sudo systemctl unmask edge-agent && sudo systemctl enable --now edge-agent`"
        yield problem("unit-masked", UNIT, "it is masked: nothing can start it", remedy)
    elif state.get("UnitFileState") == "disabled":
        remedy = "`sudo systemctl enable --now edge-agent`"
        yield problem("unit-disabled", UNIT, "it does not start with the machine", remedy)
    if state.get("NeedDaemonReload") == "yes":
        remedy = "`sudo systemctl daemon-reload && sudo systemctl restart edge-agent`"
        yield warning("unit-changed", UNIT, "its file has changed since it was read", remedy)


def check_version(case: Case) -> Iterator[Finding]:
    """Compare unit, rules and the rest with those that this version brings."""
    unit = case.unit
    if unit.packaged or not unit.installed:
        return
    wanted = rendered(unit.setting("ExecStart").partition(" ")[0])
    old = [path for path, text in wanted.items() if case.machine.read(path) != text.strip()]
    if old:
        what = "it is not of this version of edge-agent"
        yield warning("unit-old", ", ".join(old), what, unit.reinstall)


def check_running(case: Case) -> Iterator[Finding]:
    """Look whether it runs, and does not start again and again."""
    unit, state = case.unit, case.unit.state.get("ActiveState")
    if not unit.installed or unit.state["LoadState"] == "masked":
        return
    if state == "failed":
        yield _failed(case)
    elif state == "inactive" and unit.state.get("UnitFileState") != "disabled":
        yield warning("unit-stopped", UNIT, "it does not run", START)
    elif _restarts_again_and_again(case):
        times = unit.number("NRestarts")
        what = f"it was started {times} times again, because {unit.ended}; {last_errors(case)}"
        yield problem("unit-restarting", UNIT, what, _remedy(case))


def _restarts_again_and_again(case: Case) -> bool:
    unit = case.unit
    age = case.clock.now().uptime - unit.number("ActiveEnterTimestampMonotonic")
    waiting = unit.state.get("SubState") == "auto-restart"
    return unit.number("NRestarts") >= MANY and (waiting or age < YOUNG)


def _failed(case: Case) -> Finding:
    what = f"it has failed, because {case.unit.ended}; {last_errors(case)}"
    return problem("unit-failed", UNIT, what, _remedy(case))


def _remedy(case: Case) -> str:
    """Say what to do for the last exit code."""
    code = case.unit.number("ExecMainStatus")
    if case.unit.state.get("Result") != "exit-code":
        return JOURNAL
    return case.unit.reinstall if code in UNIT_CODES else REMEDIES.get(code, JOURNAL)


THEME = Theme(
    "service",
    (check_installed, check_version, check_running, check_crashes, check_memory),
    lambda case: "" if case.unit.systemd else "no systemd here",
)
