"""The engine does what the pages say: compared with a model that was written from them."""

import pytest

from edge_agent.evaluate.rules.rule_state import RuleState
from tests.evaluate.reference.compare import played, report


def chunks(first, last, size):
    return [range(begin, begin + size) for begin in range(first, last, size)]


def assert_same(seeds):
    assert "\n".join(found for seed in seeds if (found := report(seed))) == ""


@pytest.mark.slow
@pytest.mark.parametrize("seeds", chunks(1, 100, 25), ids=lambda seeds: f"from {seeds.start}")
def test_engine_and_model_tell_the_same_alerts_and_outputs(seeds):
    assert_same(seeds)


@pytest.mark.nightly
@pytest.mark.parametrize("seeds", chunks(101, 20_000, 500), ids=lambda seeds: f"from {seeds.start}")
def test_engine_and_model_tell_the_same_of_many_timelines(seeds):
    assert_same(seeds)


def test_a_broken_engine_is_found_and_its_timeline_shortened(monkeypatch):
    monkeypatch.setattr(RuleState, "lost", property(lambda _: False))
    seed, before = next((n, p[0]) for n in range(1, 40) if (p := played(n))[1])
    words = report(seed)
    assert f"seed {seed}: output" in words
    assert words.count("\n [ 0-9]*s  ") < len(before.events)
