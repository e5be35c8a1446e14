"""Run seeds: `python -m tests.simulation --seeds 1:300`, or `--seed 7` to replay one."""

import argparse
import logging
import os
import sys
import time
from functools import partial
from multiprocessing import Pool

from tests.simulation import report
from tests.simulation.faults import plan_of
from tests.simulation.minimise import minimise
from tests.simulation.run import simulate
from tests.simulation.sabotage import SABOTAGES

SABOTAGED_SEEDS = 200


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="1:300", metavar="FIRST:LAST", help="run these")
    parser.add_argument("--seed", type=int, metavar="N", help="replay one, and cut its plan down")
    parser.add_argument("--sabotage", choices=SABOTAGES, default="", help="break the agent")
    parser.add_argument("--log", action="store_true", help="show the agent's log lines")
    parser.add_argument("--report", action="store_true", help="write docs/simulation.md")
    return parser.parse_args()


def main():
    """Return 1 if a seed has a problem."""
    given = arguments()
    quiet() if not given.log else logging.basicConfig(level=logging.INFO, format="%(message)s")
    if given.seed is not None:
        return replay(given.seed, given.sabotage)
    first, last = map(int, given.seeds.split(":"))
    total, seconds = run(range(first, last + 1), given.sabotage)
    findings = [hunt(name) for name in SABOTAGES] if given.report else []
    content = report.text(total, seconds, findings)
    sys.stdout.write(content + "\n")
    if given.report:
        report.write(content)
    return 1 if total.failed else 0


def quiet():
    """Leave the agent's log lines out; a thread that fails is a problem of the outcome."""
    logging.getLogger("edge_agent").addHandler(logging.NullHandler())
    logging.getLogger("edge_agent").propagate = False


def run(seeds, sabotage=""):
    """Run seeds on all cores; return what they add up to, and the seconds that they took."""
    began, total = time.monotonic(), report.Total()
    with Pool(os.cpu_count(), quiet) as pool:
        for outcome in pool.imap_unordered(partial(simulate, sabotage=sabotage), seeds, 4):
            total.add(outcome)
            if outcome.problems and not sabotage:
                sys.stdout.write(f"seed {outcome.seed}: {'; '.join(outcome.problems)}\n")
    return total, time.monotonic() - began


def hunt(sabotage):
    """Return in how many seeds a broken build is found."""
    total, _ = run(range(1, SABOTAGED_SEEDS + 1), sabotage)
    found = [outcome.seed for outcome in total.failed]
    return report.Finding(sabotage, min(found, default=0), len(found), SABOTAGED_SEEDS)


def replay(seed, sabotage):
    """Show one seed; if it has a problem, also the shortest plan that still has one."""
    plan = plan_of(seed)
    outcome = simulate(seed, sabotage)
    show(f"seed {seed}, trace {outcome.digest}", plan, outcome)
    if not outcome.problems:
        return 0
    short = minimise(plan, lambda one: bool(simulate(seed, sabotage, one).problems))
    show("the shortest plan found", short, simulate(seed, sabotage, short))
    return 1


def show(title, plan, outcome):
    lines = [f"{title}:", f"  {plan.settings}", *(f"  {fault}" for fault in plan.faults)]
    problems = [f"  PROBLEM {problem}" for problem in outcome.problems] or ["  no problem"]
    sys.stdout.write("\n".join([*lines, *problems]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
