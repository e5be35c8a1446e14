from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.acquire.schedule import (
    LONGEST_PHASE,
    RETRY_PAUSE,
    after_failure,
    next_slot,
    phase_of,
    phase_of_bus,
)
from edge_agent.store.tick import LONGEST

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


@pytest.mark.parametrize("every", [0.05, 1, 7, 10, 60, 3600, 86400])
@pytest.mark.parametrize("late", [1, 500_000, 59_999_999])
def test_the_intervals_of_a_node_begin_after_its_phase(every, late):
    wall = 1_700_000_000_123_456
    slot = next_slot(wall, 500.0, every, NEVER, late)
    assert 500 < slot <= 500 + every
    since = (wall + (slot - 500.0) * 1e6 - late) % (every * 1e6)
    assert min(since, every * 1e6 - since) == pytest.approx(0, abs=1)


def test_a_fleet_does_not_measure_in_step():
    seconds = Counter(phase_of(f"node-{n}") % 1_000_000 // 50_000 for n in range(1000))
    assert set(seconds) == set(range(20))
    assert max(seconds.values()) < 100  # of the 50 if they were spread evenly
    assert all(0 <= phase_of(f"node-{n}") < LONGEST_PHASE for n in range(1000))


def test_the_phase_of_a_node_follows_from_its_name_alone():
    assert phase_of("greenhouse") == phase_of("greenhouse") == 51_658_577


def test_devices_whose_intervals_are_multiples_are_measured_together():
    wall, late = 1_700_000_000_123_456, phase_of("greenhouse")
    slow = next_slot(wall, 0.0, 10, NEVER, late)
    assert next_slot(wall + round(slow * 1e6) - 1, slow - 1e-6, 1, NEVER, late) == (
        pytest.approx(slow, abs=1e-5)
    )


def test_of_many_buses_four_begin_in_the_same_moment_and_all_within_one_commit():
    begins = [phase_of_bus(1_000, n) - 1_000 for n in range(64)]
    assert begins[:4] == [0] * 4
    assert set(Counter(begins).values()) == {4}
    assert max(begins) < LONGEST * 1e6


def test_buses_that_are_too_many_for_that_begin_with_the_first_ones():
    assert phase_of_bus(1_000, 64) == phase_of_bus(1_000, 0)
