import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.signals import (
    Constant,
    Pulses,
    Ramp,
    Recording,
    Sine,
    Step,
    Sum,
    Walk,
    daily,
    replay,
)

MOMENTS = st.floats(-1e4, 1e7)
SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Constant(21.5), {-5: 21.5, 0: 21.5, 1e9: 21.5}),
        (Ramp(10, 20, lasts=5, at=10), {0: 10, 10: 10, 11: 12, 15: 20, 99: 20}),
        (Ramp(20, 10, lasts=5), {0: 20, 4: 12, 6: 10}),
        (Step(1, 2, at=10), {9.99: 1, 10: 2, 1e6: 2}),
        (Sine(20, 5, period=40, at=10), {10: 20, 20: 25, 30: 20, 40: 15, 60: 25}),
        (daily(20, 5), {0: 15, 6 * 3600: 20, 12 * 3600: 25, 86400: 15}),
        (Pulses(every=30, lasts=10, at=20), {-5: 0, 5: 0, 20: 1, 29: 1, 30: 0, 50: 1, 60: 0}),
        (Pulses(every=30, lasts=10, low=-1, high=3), {0: 3, 10: -1, 30: 3}),
        (Recording((0, 10, 20), (1, 3, 0)), {-1: 1, 0: 1, 5: 2, 10: 3, 15: 1.5, 20: 0, 99: 0}),
        (Recording((0, 10, 20), (1, 3, 0), hold=True), {-1: 1, 9: 1, 10: 3, 19: 3, 20: 0, 99: 0}),
        (Recording((5,), (7,)), {0: 7, 5: 7, 9: 7}),
        (Sum((Constant(20), Step(0, 2, at=5), Sine(0, 1, period=4))), {0: 20, 1: 21, 5: 23}),
    ],
)
def test_a_signal_has_the_value_of_the_moment(signal, expected):
    assert {t: signal.value(t) for t in expected} == pytest.approx(expected)


@given(seed=SEEDS, moments=st.lists(MOMENTS, min_size=1, max_size=50))
def test_a_walk_is_the_same_in_whatever_order_and_however_often_it_is_asked(seed, moments):
    often = {t: Walk(20, 2, seed=seed).value(t) for t in [*sorted(moments), *moments]}
    assert [Walk(20, 2, seed=seed).value(t) for t in moments] == [often[t] for t in moments]


@given(seed=SEEDS, t=MOMENTS)
def test_a_walk_stays_within_its_swing(seed, t):
    assert 18 <= Walk(20, 2, seed=seed).value(t) <= 22


@given(seed=SEEDS, t=MOMENTS)
def test_a_walk_does_not_jump(seed, t):
    walk = Walk(0, 1, period=160, seed=seed)  # 5 grids, the finest of 10 s
    steepest = 5 * 2 / 31 / 10
    assert abs(walk.value(t + 0.01) - walk.value(t)) < 0.01 * steepest * 1.01


@pytest.mark.slow
@given(seed=SEEDS)
def test_a_walk_returns_to_its_mean_and_uses_its_swing(seed):
    walk = Walk(20, 2, period=60, seed=seed)
    hour = [walk.value(t) for t in range(0, 7200, 5)]
    assert 19.5 < sum(hour) / len(hour) < 20.5
    assert max(hour) - min(hour) > 1.5


@given(seed=SEEDS)
def test_another_seed_walks_another_way(seed):
    def way(seed):
        return [Walk(20, 2, seed=seed).value(t) for t in range(0, 600, 10)]

    assert way(seed) != way(seed + 1)


def test_a_walk_is_the_same_in_every_version_of_the_program():
    walk = Walk(20, 2, seed=7)
    assert [round(walk.value(t), 6) for t in (0, 1, 60, 86400)] == [
        20.630667,
        20.63049,
        20.564438,
        20.061248,
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Ramp(0, 1, lasts=0),
        lambda: Sine(0, 1, period=0),
        lambda: Pulses(every=0, lasts=1),
        lambda: Pulses(every=1, lasts=-1),
        lambda: Walk(0, 1, period=0),
    ],
)
def test_a_duration_of_nothing_is_refused_by_name(make):
    with pytest.raises(ValueError, match=r"(lasts|period|every) = .*: wanted: more than 0 s"):
        make()


@pytest.mark.parametrize(
    "text", ["time,value\n0,20\n10,22.5\n", "0,20\n\n10,22.5", "0, 20\n10,22.5"]
)
def test_a_recording_is_replayed(tmp_path, text):
    (tmp_path / "air.csv").write_text(text)
    assert replay(tmp_path / "air.csv") == Recording((0, 10), (20, 22.5))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,value\n", "no rows"),
        ("0,1\n5,warm\n", "^air.csv: line 2: '5,warm'; wanted"),
        ("0,1\n5\n", "line 2: '5'; wanted"),
        ("0,1\n5,nan\n", "line 2: '5,nan'; wanted"),
        ("time,value\n5,1\n5,2\n", "line 3: time 5 is not after 5"),
    ],
)
def test_a_damaged_recording_is_refused_with_its_line(tmp_path, text, words):
    (tmp_path / "air.csv").write_text(text)
    with pytest.raises(ValueError, match=words):
        replay(tmp_path / "air.csv")
