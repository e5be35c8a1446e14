"""What ended the agent before systemd restarted it: memory, the watchdog, or something else."""

import re
from collections.abc import Iterator

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.service import UNIT
from edge_agent.service.status_text import RESULTS

RESULT = re.compile(r"Failed with result '([a-z-]+)'")
TIGHT = 0.9  # of the unit's limit
MB = 1_000_000
BUNDLE = "please report it, with the archive of `sudo edge-agent doctor --bundle bundle.tar.gz`"
ADVICE = {
    "oom-kill": "a higher memory limit in the unit, or fewer devices",
    "watchdog-kill": "restart it, and please report it, with an archive",
    "last-crash": "restart it, and please report it, with an archive",
    "memory-tight": "a higher memory limit in the unit, or fewer devices",
}


def _journal(case: Case, priority: str, lines: int) -> list[str]:
    shown = case.machine.command(
        "journalctl",
        f"--unit={UNIT}",
        "--boot",
        f"--priority={priority}",
        f"--lines={lines}",
        "--output=cat",
        "--no-pager",
        "--quiet",
    )
    return shown.output.splitlines() if shown.code == 0 else []


def last_errors(case: Case) -> str:
    """Return the unit's last five lines of priority `err`, joined."""
    lines = _journal(case, "err", 5)
    return "last errors: " + " | ".join(lines) if lines else "the journal has no errors from it"


def check_crashes(case: Case) -> Iterator[Finding]:
    """Find what has ended the agent since its last start by hand or at boot."""
    if not case.unit.number("NRestarts"):
        return
    results = RESULT.findall("\n".join(_journal(case, "warning", 200)))
    last = results[-1] if results else "unknown"
    if last == "oom-kill":
        what = "the kernel killed it because memory ran out"
        yield problem("oom-kill", UNIT, what, _more_memory(case))
    elif last == "watchdog":
        what = f"systemd killed it because a thread stopped responding; {last_errors(case)}"
        yield problem("watchdog-kill", UNIT, what, f"`sudo systemctl restart edge-agent`; {BUNDLE}")
    else:
        what = f"systemd restarted it: {RESULTS.get(last, last)}; {last_errors(case)}"
        yield warning("last-crash", UNIT, what, f"`sudo systemctl restart edge-agent`; {BUNDLE}")


def check_memory(case: Case) -> Iterator[Finding]:
    """Compare the agent's memory, without the kernel's file cache, with the unit's limit."""
    limit = _limit(case)
    group = case.unit.state.get("ControlGroup", "")
    found = re.search(
        r"^anon (\d+)$",
        case.machine.read(f"/sys/fs/cgroup{group}/memory.stat"),
        re.MULTILINE,
    )
    if group and limit and found and int(found[1]) > TIGHT * limit:
        what = f"it uses {int(found[1]) // MB} MB of the {limit // MB} MB that the unit allows"
        yield warning("memory-tight", UNIT, what, _more_memory(case))


def _limit(case: Case) -> int:
    """Return the bytes above which it is throttled or killed; 0 for no limit."""
    limits = (case.unit.number("MemoryHigh"), case.unit.number("MemoryMax"))
    return min(filter(None, limits), default=0)


def _more_memory(case: Case) -> str:
    high = (_limit(case) or 128 * MB) * 3 // 2 // MB
    return (
        f"`sudo systemctl set-property edge-agent MemoryHigh={high}M MemoryMax={high * 4 // 3}M"
        " && sudo systemctl restart edge-agent`; or configure fewer devices and a longer `every`"
    )


CHECKS = (check_crashes, check_memory)
