"""A week or a year of one agent on the simulated clock: `make soak-week`, `make soak-year`.

Every kind of fault that does not end the process comes once a day, or once in each week of a year.
What the process holds at the end of each day or week is compared with the first one's end.
"""

import argparse
import gc
import logging
import random
import sys
import threading
from pathlib import Path
from typing import NamedTuple

from benchmarks.proof import record, table
from consumers.audit.audit import Audit
from tests.simulation.faults import LASTING, LONGEST, Fault, Plan
from tests.simulation.greenhouse import Settings
from tests.simulation.injection import Injection
from tests.simulation.installation import under_the_agent
from tests.simulation.ledger import Ledger
from tests.simulation.run import is_drained, root
from tests.simulation.verdict import check_audit
from tests.simulation.world import World

DAY = 86_400.0  # seconds
WEEKS = 52
KINDS = (*LASTING, "cut", "clock jump", "burst", "reload")
RELOADED = 60.0  # seconds, after which the configuration is as it was
SETTINGS = Settings(interval="5s", max_size="1MB", batch=100, second_batch=100)
SLOW = SETTINGS._replace(air="10m", soil="15m")  # a year takes hours even so
# How far caches are filled at the moment; sqlite3 remembers 200 cursors a connection.
NOISE = {"objects": 800, "blocks": 1600}
LINES = 200  # for 16 faults
HEAD = ("objects", "blocks", "descriptors", "threads", "log lines", "events recorded")
REMEMBERED = 1000  # events whose content the audit compares: less than are recorded in any day


class BoundedLedger(Ledger):
    """Counts events and forgets them, so that only the agent can grow."""

    def __init__(self, note, now):
        super().__init__(note, now)
        settings = {"late": float("inf"), "settle": 0.0, "window": REMEMBERED}
        self.audits = {name: Audit(**settings) for name in self.audits}
        self.recorded = 0

    def commit(self, connection):
        known = len(self.committed)
        super().commit(connection)
        self.recorded += len(self.committed) - known
        self.committed = dict(sorted(self.committed.items())[-1:])

    def deliver(self, where, sink, payload):
        super().deliver(where, sink, payload)
        self.received.clear()
        self.gaps.clear()
        self._contents.clear()


class Lines(logging.Handler):
    """Counts the agent's log lines."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.count = 0

    def emit(self, _record):
        self.count += 1


class Usage(NamedTuple):
    """What the process holds at the end of a day, and what the day brought."""

    objects: int  # that Python's collector knows
    blocks: int  # of memory that Python has allocated, with strings and numbers
    descriptors: int
    threads: int
    lines: int
    events: int


class Week:
    """Days of `seconds` each in the life of one agent."""

    def __init__(self, seed, seconds=DAY, ledger=BoundedLedger, settings=SETTINGS):
        plan = Plan(settings, (), trusted=True)
        self._world = World(seed, plan, root(), ledger, most_steps=float("inf"))
        self._injection = Injection(self._world)
        self._seconds = seconds
        self._lines = Lines()

    @property
    def problems(self):
        return self._world.ledger.problems

    def run(self, days):
        """Live through some days; return the usage at the end of each."""
        logger = logging.getLogger("edge_agent")
        logger.addHandler(self._lines)
        try:
            with under_the_agent(self._world):
                return self._live(days)
        finally:
            logger.removeHandler(self._lines)

    def _live(self, days):
        try:
            self._world.start()
            usages = [self._day(day) for day in range(days)]
            self._judge()
            return usages
        finally:
            self._world.end()

    def _day(self, day):
        lines, events = self._lines.count, self._world.ledger.recorded
        for fault in faults_of(self._world.seed, day, self._seconds):
            self._injection.until(fault.at)
            self._injection.inject(fault)
        self._injection.until((day + 1) * self._seconds)
        self._injection.end_all()
        if not is_drained(self._world):
            self._world.ledger.problem(f"not all is delivered at the end of day {day + 1}")
        return self._usage(lines, events)

    def _usage(self, lines, events):
        gc.collect()
        return Usage(
            len(gc.get_objects()),
            sys.getallocatedblocks(),
            len(list(Path("/proc/self/fd").iterdir())),
            threading.active_count(),
            self._lines.count - lines,
            self._world.ledger.recorded - events,
        )

    def _judge(self):
        ledger = self._world.ledger
        if self._world.lives > 1:
            ledger.problem(f"the agent was started {self._world.lives} times")
        for sink, audit in ledger.audits.items():
            check_audit(ledger, sink, audit.report(float("inf")))


def faults_of(seed, day, seconds):
    """Return the faults of a day, each kind once, in an order of its own."""
    chosen = random.Random(f"{seed} day {day}")
    kinds = chosen.sample(KINDS, len(KINDS))
    apart = seconds / (len(kinds) + 1)
    for n, kind in enumerate(kinds, 1):
        lasts = chosen.uniform(0.5, LONGEST) if kind in LASTING else 0.0
        fault = Fault(
            day * seconds + n * apart, kind, lasts, chosen.randint(0, 60), chosen.random()
        )
        yield fault
        if kind == "reload":
            yield fault._replace(at=fault.at + RELOADED)


def growth(usages):
    """Yield what is more at the end of a later day than at the end of the first."""
    first = usages[0]
    limits = {
        "objects": first.objects + NOISE["objects"],
        "blocks": first.blocks + NOISE["blocks"],
        "descriptors": first.descriptors,
        "threads": first.threads,
        "lines": LINES,
    }
    for day, usage in enumerate(usages, 1):
        for what, limit in limits.items():
            if getattr(usage, what) > limit:
                yield f"day {day}: {getattr(usage, what):,} {what}, {limit:,.0f} at most"


def report(name, usages, problems):
    """Return a table with a line for each day or week, and what is wrong."""
    rows = [(f"{n}", *(f"{one:,}" for one in usage)) for n, usage in enumerate(usages, 1)]
    wrong = "".join(f"- **{one}**\n" for one in problems) or "Nothing grows, and nothing is lost.\n"
    return f"{table((name, *HEAD), rows)}\n{wrong}"


def main():
    """Simulate the days or weeks, and write the report; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.week", description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--year", action="store_true", help="52 weeks, with slow sensors")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logging.getLogger("edge_agent").propagate = False
    if given.year:
        life, count, names = Week(given.seed, 7 * DAY, settings=SLOW), WEEKS, ("year", "week")
    else:
        life, count, names = Week(given.seed), given.days, ("week", "day")
    usages = life.run(count)
    problems = [*life.problems, *growth(usages)]
    text = report(names[1], usages, problems)
    sys.stdout.write(text)
    record(names[0], text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
