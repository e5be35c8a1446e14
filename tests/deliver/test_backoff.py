import pytest

from edge_agent.deliver.backoff import SLOW_CAP, Backoff


@pytest.mark.parametrize("random, share", [(0.0, 0.5), (1.0, 1.0)])
def test_the_wait_doubles_from_half_a_second_to_eight_seconds(random, share):
    backoff = Backoff(lambda: random)
    waits = [backoff.next() for _ in range(12)]
    steps = [0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8, 8, 8]
    assert waits == pytest.approx([step * share for step in steps])


def test_what_only_a_person_can_correct_is_tried_once_a_minute():
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next(SLOW_CAP) for _ in range(9)][-3:] == [32, 60, 60]


def test_after_a_success_it_begins_again():
    backoff = Backoff(lambda: 1.0)
    backoff.next(), backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


def test_it_stays_at_the_cap_after_a_year_of_failures():
    backoff = Backoff(lambda: 1.0)
    backoff.failures = 600_000
    assert backoff.next() == 8
