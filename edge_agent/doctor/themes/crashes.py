"""What ended the agent before systemd started it again: memory, watchdog, something else."""

import re
from collections.abc import Iterator

from edge_agent.doctor.case import Case
from edge_agent.doctor.finding import Finding, problem, warning
from edge_agent.service import UNIT
from edge_agent.service.words import RESULTS

RESULT = re.compile(r"Failed with result '([a-z-]+)'")
CLOSE = 0.9  # of MemoryMax
MB = 1_000_000
BUNDLE = "`sudo edge-agent doctor --bundle edge-agent.tar.gz` gathers what its authors need"


def _journal(case: Case, priority: str, lines: int) -> list[str]:
    told = case.machine.command(
        "journalctl",
        f"--unit={UNIT}",
        "--boot",
        f"--priority={priority}",
        f"--lines={lines}",
        "--output=cat",
        "--no-pager",
        "--quiet",
    )
    return told.output.splitlines() if told.code == 0 else []


def last_errors(case: Case) -> str:
    """Return the unit's last five lines of severity error, in one."""
    lines = _journal(case, "err", 5)
    return "its last errors: " + " | ".join(lines) if lines else "the journal has no errors of it"


def check_crashes(case: Case) -> Iterator[Finding]:
    """Look for what has ended it since somebody started it last."""
    if not case.unit.number("NRestarts"):
        return
    results = RESULT.findall("\n".join(_journal(case, "warning", 200)))
    last = results[-1] if results else "unknown"
    if last == "oom-kill":
        what = "the kernel killed it for its memory"
        yield problem("oom-kill", UNIT, what, _more_memory(case))
    elif last == "watchdog":
        what = f"systemd killed it: a thread had stopped; {last_errors(case)}"
        yield problem("watchdog-kill", UNIT, what, f"`sudo systemctl restart edge-agent`; {BUNDLE}")
    else:
        what = f"it was started again: {RESULTS.get(last, last)}; {last_errors(case)}"
        yield warning("last-crash", UNIT, what, f"`sudo systemctl restart edge-agent`; {BUNDLE}")


def check_memory(case: Case) -> Iterator[Finding]:
    """Compare its memory, without the kernel's cache of its files, with the unit's limit."""
    limit = _limit(case)
    group = case.unit.state.get("ControlGroup", "")
    found = re.search(
        r"^anon (\d+)$",
        case.machine.read(f"/sys/fs/cgroup{group}/memory.stat"),
        re.MULTILINE,
    )
    if group and limit and found and int(found[1]) > CLOSE * limit:
        what = f"it uses {int(found[1]) // MB} MB of the {limit // MB} MB that the unit allows"
        yield warning("memory-tight", UNIT, what, _more_memory(case))


def _limit(case: Case) -> int:
    """Return from how many bytes on it is slowed down or ended; 0 for no limit."""
    limits = (case.unit.number("MemoryHigh"), case.unit.number("MemoryMax"))
    return min(filter(None, limits), default=0)


def _more_memory(case: Case) -> str:
    high = (_limit(case) or 128 * MB) * 3 // 2 // MB
    return (
        f"`sudo systemctl set-property edge-agent MemoryHigh={high}M MemoryMax={high * 4 // 3}M"
        " && sudo systemctl restart edge-agent`; or fewer devices, and longer `every`"
    )
