"""Durations and sizes have an upper bound: what follows from them has to fit into 64 bits."""

import pytest

from edge_agent.units import Duration, Size


@pytest.mark.parametrize("text", ["36501d", "999999999d", "9" * 400, "9" * 400 + "d"])
def test_a_duration_is_at_most_a_hundred_years(text):
    with pytest.raises(ValueError, match='at most "36500d"'):
        Duration.parse(text)
    assert Duration.parse("36500d") * 1e6 * 2 < 2**63


@pytest.mark.parametrize("text", ["10001GB", "9" * 400])
def test_a_size_is_at_most_ten_terabytes(text):
    with pytest.raises(ValueError, match='at most "10000GB"'):
        Size.parse(text)
    assert Size.parse("10000GB") < 2**63
