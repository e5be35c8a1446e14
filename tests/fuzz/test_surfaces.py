"""Every surface against random inputs; `make fuzz` searches on with coverage as its guide."""

import itertools
import logging

import pytest
from fuzzing.measured import BYTES, NOTHING, measured
from fuzzing.mutations import inputs
from fuzzing.surfaces import SURFACES, cases, load

COUNT = 250  # of each seed of randomness
SEEDS = [1, 2, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (3, 4))]
CASES = [(name, path) for name in SURFACES for path in cases(name)]


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "edge_agent")


@pytest.mark.parametrize("name", SURFACES)
def test_every_seed_passes(name):
    surface = load(name)
    for seed in surface.SEEDS:
        surface.target(seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SURFACES)
def test_any_input_gives_a_documented_error_or_none_and_takes_little_memory(name, seed):
    surface, most = load(name), NOTHING
    surface.target(surface.SEEDS[0])
    for data in itertools.islice(inputs(surface.SEEDS, seed), COUNT):
        most |= measured(surface.target, data)
    assert most.bytes <= BYTES


@pytest.mark.parametrize(("name", "path"), CASES, ids=lambda each: getattr(each, "name", each))
def test_an_input_that_once_broke_a_surface_no_longer_does(name, path):
    load(name).target(path.read_bytes())
