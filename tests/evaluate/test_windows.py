import math
from itertools import pairwise
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evaluate.expressions.windows import Window

S = 1_000_000
LENGTH, HOLE = 10, 4


def filled(samples):
    window = Window(LENGTH, HOLE)
    for seconds, value in samples:
        window.add(round(seconds * S), value)
    return window


def each_second(*values):
    return list(enumerate(values))


def test_a_window_is_unknown_until_it_is_full():
    window = filled(each_second(*range(10)))
    assert window.mean(9 * S) is None
    window.add(10 * S, 10)
    assert window.mean(10 * S) == fmean(range(1, 11))


@pytest.mark.parametrize("gap, known", [(4, True), (4.5, False)])
def test_a_hole_makes_a_window_unknown_until_it_has_passed_through(gap, known):
    after = 20 + gap
    window = filled([*each_second(*[1] * 21), (after, 1)])
    assert (window.mean(round(after * S)) is not None) is known


def test_a_window_that_gets_no_more_values_is_unknown():
    window = filled(each_second(*[5] * 21))
    assert window.max(24 * S) == 5
    assert window.max(round(24.5 * S)) is None


def test_a_window_ends_with_its_last_value_and_changes_only_with_the_next():
    window = filled([(0, 9), *[(second, 1) for second in range(1, 11)]])
    worth = [(window.mean(now), window.delta(now), window.count(now)) for now in (10 * S, 13 * S)]
    assert worth == [(1, -8, 10)] * 2


def test_rate_and_delta_begin_with_the_value_that_the_window_began_with():
    window = filled(each_second(*range(0, 42, 2)))
    assert window.delta(20 * S) == 20
    assert window.rate(20 * S) == pytest.approx(2)


def test_rises_count_how_often_something_went_on():
    window = filled(each_second(*[0, 1, 1, 0, 1] * 4, 0))
    assert window.rises(20 * S) == 4
    assert window.count(20 * S) == 10


def test_floats_do_not_drift():
    window = Window(LENGTH, HOLE)
    for n in range(50_000):
        window.add(n * S, 1e12 if n < 10 else 0.1)
    assert window.mean(49_999 * S) == pytest.approx(0.1, rel=1e-9)


SAMPLES = st.lists(st.tuples(st.floats(0.01, 6), st.floats(-1e6, 1e6)), min_size=1, max_size=60)


@given(SAMPLES, st.floats(0, 6))
def test_a_window_returns_what_its_samples_give_or_none(steps, later):
    now, samples = 0, []
    window = Window(LENGTH, HOLE)
    for pause, value in steps:
        now += round(pause * S)
        samples.append((now, value))
        window.add(now, value)
    now += round(later * S)
    begin = samples[-1][0] - LENGTH * S
    inside = [value for at, value in samples if at > begin]
    times = [at for at, _ in samples]
    holes = [(a, b) for a, b in pairwise(times) if b - a > HOLE * S]
    whole = times[0] <= begin and all(b <= begin for _, b in holes)
    whole = whole and now - times[-1] <= HOLE * S
    assert (window.min(now) is None) == (not whole)
    if whole:
        assert window.min(now) == min(inside)
        assert window.max(now) == max(inside)
        assert math.isclose(window.mean(now), fmean(inside), rel_tol=1e-6, abs_tol=1e-3)
        assert window.count(now) == len(inside)
