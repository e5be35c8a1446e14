"""`python -m simulators.fleet mqtt://127.0.0.1 --nodes 1000`: a fleet, into real brokers."""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from simulators.fleet.plan import fleet_plan
from simulators.fleet.run import NodeTruth, Share, run_share


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m simulators.fleet", description=__doc__)
    parser.add_argument("url", nargs="+", help="brokers, such as mqtt://127.0.0.1:1883")
    parser.add_argument("--nodes", type=int, default=100, help="how many nodes (default: 100)")
    parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS",
                        help="from one reading of a device to the next (default: 10)")  # fmt: skip
    parser.add_argument("--span", type=float, default=600.0, metavar="SECONDS",
                        help="the simulated time, which ends now (default: 600)")  # fmt: skip
    parser.add_argument("--rate", type=float, default=1000.0,
                        help="events a second, of all nodes (default: 1000)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="what happens is drawn from it")
    parser.add_argument("--processes", type=int, default=1, help="how many processes")
    parser.add_argument("--faults", action="store_true",
                        help="some nodes are late, silent, or without a clock")  # fmt: skip
    return parser.parse_args()


def shares(options: argparse.Namespace) -> list[Share]:
    """Return what each process simulates."""
    ticks, count = max(1, round(options.span / options.every)), options.processes
    start = (time.time() - options.span) // options.every * options.every
    plans = fleet_plan(options.nodes, ticks, options.seed, faults=options.faults)
    return [
        Share(
            options.url[number % len(options.url)],
            f"fleet-{options.seed}-{number}",
            plans[number::count],
            ticks,
            start,
            options.every,
            options.seed,
            options.rate / count,
        )
        for number in range(count)
    ]


def main() -> None:
    """Run the fleet; print what its nodes have logged as JSON."""
    work = shares(arguments())
    with ProcessPoolExecutor(len(work), get_context("spawn")) as pool:
        truths: list[NodeTruth] = [truth for found in pool.map(run_share, work) for truth in found]
    logs = {truth.node: truth._asdict() for truth in truths}
    events = sum(truth.last for truth in truths)
    given_up = sum(truth.given_up for truth in truths)
    print(json.dumps({"events": events, "given_up": given_up, "nodes": logs}))  # noqa: T201


if __name__ == "__main__":
    main()
