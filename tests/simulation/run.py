"""One seed, from its plan to its outcome."""

import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.simulation.faults import SECONDS, plan_of
from tests.simulation.injection import Injection
from tests.simulation.installation import under_the_agent
from tests.simulation.sabotage import sabotaged
from tests.simulation.scheduler import Stuck
from tests.simulation.verdict import verify
from tests.simulation.world import World

SETTLING_SECONDS = 5.0
QUIET_SECONDS = 180.0  # after the last fault, everything must be delivered


class Outcome(NamedTuple):
    """What became of a seed; `digest` is equal if everything happened in the same order."""

    seed: int
    problems: tuple[str, ...]
    digest: str
    events: int
    deliveries: int
    faults: Counter
    steps: int
    lives: int
    simulated: float
    wall: float


def simulate(seed, sabotage="", plan=None):
    """Run one seed; the same arguments give the same outcome."""
    began = time.perf_counter()
    plan = plan or plan_of(seed)
    world = World(seed, plan, root())
    injection = Injection(world)
    with under_the_agent(world), sabotaged(sabotage):
        try:
            _run(world, injection, plan)
        except Stuck as error:
            world.ledger.problem(f"stuck: {error}")
        finally:
            world.end()
    return Outcome(
        seed,
        tuple(world.ledger.problems),
        world.scheduler.digest(),
        len(world.ledger.committed),
        world.ledger.deliveries,
        injection.injected,
        world.scheduler.steps,
        world.lives,
        world.scheduler.now,
        time.perf_counter() - began,
    )


def _run(world, injection, plan):
    world.start()
    for fault in plan.faults:
        injection.until(fault.at)
        injection.inject(fault)
    injection.until(SECONDS)
    injection.end_all()
    if not is_drained(world):
        world.ledger.problem(f"not all is delivered {QUIET_SECONDS:.0f} s after the last fault")
    if not world.stop():
        world.ledger.problem("the agent does not stop")
    world.read_archive()
    verify(world)


def is_drained(world):
    """Let the world go on without faults; return whether all is checked and delivered in time."""
    world.wait(SETTLING_SECONDS)
    until = world.scheduler.now + QUIET_SECONDS
    while not world.is_checked() and world.scheduler.now < until:
        world.wait(2.0)
    last = world.last_offset()
    while not world.has_delivered(last) and world.scheduler.now < until:
        world.wait(2.0)
    return world.is_checked() and world.has_delivered(last)


def root():
    """Return the directory of the simulated disk: in memory, one for each process."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() else Path(tempfile.gettempdir())
    return parent / f"edge-agent-simulation-{os.getuid()}-{os.getpid()}"
