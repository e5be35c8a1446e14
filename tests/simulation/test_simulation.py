"""The simulation replays exactly, and would notice if the agent broke a promise."""

import os
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.simulation.disk import Connection
from tests.simulation.faults import Fault, Plan, plan_of
from tests.simulation.greenhouse import PRESETS
from tests.simulation.ledger import Id, Ledger
from tests.simulation.minimise import minimise
from tests.simulation.run import simulate
from tests.simulation.sabotage import SABOTAGES
from tests.simulation.scheduler import Killed, Scheduler, Stuck

ROOT = Path(__file__).parents[2]
SHOWN_BY = {"publish before commit": 84, "own limit": 54}  # seeds that show rare defects
DAMAGED = 29  # a seed whose log is salvaged
DIGEST = "from tests.simulation.run import simulate; print(simulate({}).digest)"

# A process that is killed does not close its files.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_a_build_that_is_broken_on_purpose_is_found_within_200_seeds(sabotage, caplog):
    seeds = sorted(range(1, 201), key=lambda seed: seed != SHOWN_BY.get(sabotage))
    assert any(simulate(seed, sabotage).problems for seed in seeds)
    crashes = [one.exc_info for one in caplog.records if one.exc_info]
    assert crashes == []  # it is found by a promise that it breaks


def test_a_seed_replays_exactly():
    seeds = range(1, 7)
    first = [simulate(seed)[:8] for seed in seeds]
    assert [simulate(seed)[:8] for seed in reversed(seeds)] == first[::-1]
    assert len({outcome[2] for outcome in first}) == len(first)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_replays_exactly_in_another_process(hash_seed):
    other = subprocess.run(
        [sys.executable, "-c", DIGEST.format(9)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert other.stdout.strip() == simulate(9).digest


def test_every_database_of_the_agent_is_on_the_simulated_disk(monkeypatch):
    real, opened = sqlite3.connect, []

    def connect(database, *given, **more):
        opened.append((database, more.get("factory")))
        return real(database, *given, **more)

    monkeypatch.setattr(sqlite3, "connect", connect)
    simulate(DAMAGED)
    assert len({str(database) for database, _ in opened}) > 2  # the log, its copy, the reader's
    simulated = (issubclass(factory or object, Connection) for _, factory in opened)
    assert all(simulated)


def plan(*kinds):
    faults = tuple(Fault(float(n), kind, 4.0, 10) for n, kind in enumerate(kinds))
    return Plan(PRESETS[2], faults, trusted=False)


def kinds(plan):
    return [fault.kind for fault in plan.faults]


def test_a_plan_is_cut_down_to_the_faults_that_it_takes_to_fail():
    def fails(one):
        return {"kill", "quota"} <= set(kinds(one))

    long = plan("cut", "kill", "burst", "stop", "quota", "reload", "cut")
    assert kinds(minimise(long, fails)) == ["kill", "quota"]


def test_a_plan_is_made_as_simple_as_it_can_fail():
    short = minimise(plan("kill", "quota"), lambda one: len(one.faults) == 2)
    assert [(fault.steps, fault.seconds) for fault in short.faults] == [(0, 4.0), (0, 4.0)]
    assert short.settings == PRESETS[0]


def test_the_plan_of_a_broken_build_becomes_shorter_and_still_fails():
    sabotage = "cursor before ack"
    seed = next(seed for seed in range(1, 201) if simulate(seed, sabotage).problems)
    short = minimise(plan_of(seed), lambda one: bool(simulate(seed, sabotage, one).problems))
    assert len(short.faults) < len(plan_of(seed).faults)
    assert simulate(seed, sabotage, short).problems
    assert simulate(seed, "", short).problems == ()


class Steps:
    """Tasks that note in which order they run."""

    def __init__(self, seed):
        self.order = []
        self.scheduler = Scheduler(seed)
        for name in "abc":
            self.scheduler.spawn(name, partial(self._run, name))

    def _run(self, name):
        for _ in range(20):
            self.order.append(name)
            self.scheduler.pause(until=self.scheduler.now + 1.0)

    def all(self):
        self.scheduler.drive(30.0)
        return "".join(self.order)


def test_a_seed_decides_in_which_order_threads_run():
    assert Steps(1).all() == Steps(1).all() != Steps(2).all()


def test_time_moves_on_only_when_every_thread_waits():
    steps = Steps(1)
    steps.scheduler.drive(3.5)
    assert sorted(steps.order) == sorted("abc" * 4)
    steps.scheduler.kill()


def test_a_killed_thread_ends_where_it_waits():
    ends = []
    scheduler = Scheduler(1)

    def wait():
        try:
            scheduler.pause()
        except Killed:
            ends.append("killed")
            raise

    scheduler.spawn("waiting", wait)
    scheduler.drive(1.0)
    scheduler.kill()
    assert ends == ["killed"]


def test_a_loop_that_never_waits_for_anything_is_found():
    scheduler = Scheduler(1, most_steps=1000)

    def spin():
        while True:
            scheduler.pause(until=0.0)

    scheduler.spawn("spinning", spin)
    with pytest.raises(Stuck):
        scheduler.drive(10.0)
    scheduler.kill()


class Commit:
    """A connection that has just committed one event."""

    def __init__(self, data):
        self.data = data

    def plain(self, sql, _parameters=()):
        return [("log",)] if "FROM log" in sql else [(1, "reading", "air", self.data)]


def test_an_offset_with_two_contents_is_a_problem():
    ledger = Ledger(lambda _: None, lambda: 0.0)
    for data in ("{}", "{}", '{"other":1}'):
        ledger.begin_life()
        ledger.commit(Commit(data))
    assert ledger.problems == ["offset 1 was committed with two contents"]
    assert list(ledger.committed) == [Id("log", 1)]
