"""What many seeds have shown: for the terminal, and for `docs/simulation.md`."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs/simulation.md"
BEGIN, END = "<!-- begin: written by `make simulation` -->", "<!-- end -->"


class Total:
    """Adds outcomes up."""

    def __init__(self):
        self.seeds = self.events = self.deliveries = self.lives = self.steps = 0
        self.simulated = 0.0
        self.faults = Counter()
        self.failed = []

    def add(self, outcome):
        self.seeds += 1
        self.events += outcome.events
        self.deliveries += outcome.deliveries
        self.lives += outcome.lives
        self.steps += outcome.steps
        self.simulated += outcome.simulated
        self.faults.update(outcome.faults)
        if outcome.problems:
            self.failed.append(outcome)


class Finding(NamedTuple):
    """How often a build that is broken on purpose was found."""

    sabotage: str
    first: int  # 0: never
    found: int
    seeds: int


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def text(total, seconds, findings):
    """Return the generated part of the page."""
    facts = [
        ("seeds", f"{total.seeds:,}"),
        ("seeds with a problem", f"{len(total.failed):,}"),
        ("events committed", f"{total.events:,}"),
        ("events delivered, second times included", f"{total.deliveries:,}"),
        ("starts of the agent", f"{total.lives:,}"),
        ("steps of the scheduler", f"{total.steps:,}"),
        ("simulated time", f"{total.simulated / 3600:,.0f} h"),
        ("wall time", f"{seconds:,.0f} s"),
        ("events per second of wall time", f"{total.events / seconds:,.0f}"),
    ]
    faults = [(kind, f"{count:,}") for kind, count in sorted(total.faults.items())]
    found = [(one.sabotage, one.first or "none", f"{one.found} of {one.seeds}") for one in findings]
    parts = [
        table(("", ""), facts),
        table(("fault", "times injected"), faults),
        table(("build broken on purpose", "first found at seed", "seeds that find it"), found),
    ]
    return "\n\n".join(parts)


def write(content):
    """Put the generated part into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", encoding="utf-8")
