"""The agent keeps its promises in every simulated world."""

import pytest

from tests.simulation.__main__ import run
from tests.simulation.faults import LASTING, SUDDEN, plan_of
from tests.simulation.run import simulate

SEEDS, IN_ONE_TEST, NIGHTLY = 60, 20, 20_000

# A process that is killed does not close its files.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def replay(seed, problems):
    return f"{'; '.join(problems)}: replay it with `python -m tests.simulation --seed {seed}`"


@pytest.mark.parametrize("first", range(1, SEEDS + 1, IN_ONE_TEST))
def test_every_promise_holds_in_every_simulated_world(first):
    for seed in range(first, first + IN_ONE_TEST):
        outcome = simulate(seed)
        assert outcome.problems == (), replay(seed, outcome.problems)


@pytest.mark.nightly
def test_every_promise_holds_in_20_000_simulated_worlds():
    total, _ = run(range(1, NIGHTLY + 1))
    assert [replay(one.seed, one.problems) for one in total.failed] == []


def test_seeds_inject_every_kind_of_fault():
    injected = {fault.kind for seed in range(1, SEEDS + 1) for fault in plan_of(seed).faults}
    assert injected == {*LASTING, *SUDDEN}
