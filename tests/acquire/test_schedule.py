import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.acquire.schedule import RETRY_PAUSE, after_failure, next_slot

NEVER = float("-inf")


@pytest.mark.parametrize(
    "wall, every, expected",
    [
        (1_700_000_003.0, 10, 7.0),
        (1_700_000_009.999, 10, 0.001),
        (1_700_000_010.0, 10, 10.0),
        (1_700_000_003.02, 0.05, 0.03),
        (1_700_000_000.0, 3600, 2800.0),  # 22:13:20, so until 23:00
    ],
)
def test_a_slot_begins_at_a_whole_interval_of_the_wall_clock(wall, every, expected):
    assert next_slot(round(wall * 1e6), 500.0, every, NEVER) == pytest.approx(500 + expected)


def test_slots_that_passed_are_skipped():
    assert next_slot(1_700_000_057_000_000, 57.0, 10, last=10.0) == pytest.approx(60.0)


def test_a_slot_met_a_moment_too_early_is_not_met_twice():
    assert next_slot(1_700_000_009_999_000, 10.0, 10, last=10.0) == pytest.approx(20.001)


@given(jump=st.integers(-(10**15), 10**15), every=st.floats(0.05, 86400))
def test_a_wall_clock_that_jumps_moves_the_next_slot_by_half_an_interval_at_most(jump, every):
    slot = next_slot(1_700_000_000_000_000 + jump, 100.0, every, last=100.0)
    assert 0.499 * every <= slot - 100.0 <= 1.501 * every


def test_two_quick_retries_then_setup_then_growing_pauses_up_to_a_minute():
    retries = [after_failure(failures) for failures in range(1, 12)]
    pauses = [RETRY_PAUSE] * 3 + [1, 2, 4, 8, 16, 32, 60, 60]
    assert [retry.pause for retry in retries] == pauses
    assert [retry.setup for retry in retries] == [False] * 2 + [True] * 9
    assert [retry.given_up for retry in retries] == [False] * 3 + [True] * 8


def test_a_chip_that_is_gone_for_years_is_still_looked_for_every_minute():
    assert after_failure(10**9).pause == 60
