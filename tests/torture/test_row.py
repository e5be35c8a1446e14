"""When a fault has done harm, and when a broken agent is found."""

from dataclasses import replace

import pytest

from tests.torture.row import HEAD, Row, table

GOOD = Row("cut", 4, 1000, 0, 0, 6, 0.5, adds_up=True)


@pytest.mark.parametrize("what", ["lost", "given_up", "contradictory"])
def test_a_broken_agent_is_found_by_what_it_does_more_than_the_whole_one(what):
    assert replace(GOOD, **{what: 1}).harms_more(GOOD)
    assert not replace(GOOD, **{what: 1}).harms_more(replace(GOOD, **{what: 1}))


@pytest.mark.parametrize(
    "change",
    [
        {"lost": 1},
        {"contradictory": 1},
        {"recovered": 10.1},
        {"adds_up": False},
        {"injected": 0},
        {"at_stake": 0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_row_passes_if_nothing_is_lost_and_it_recovers_in_time(change):
    assert GOOD.passed
    assert not replace(GOOD, **change).passed


def test_what_was_given_up_is_a_column_and_no_failure():
    row = replace(GOOD, given_up=7)
    assert row.passed
    cells = table([row]).splitlines()[-1].split(" | ")
    assert cells[HEAD.index("given up")] == "7"
