"""What a view reads from a request."""

import pytest

from edge_agent.observe.web.route import BadRequest, Query


def test_an_argument_is_returned_as_it_is():
    assert Query({"channel": "air.temperature"}).text("channel") == "air.temperature"


def test_a_missing_argument_is_refused_unless_it_has_a_default():
    assert Query().text("format", "csv") == "csv"
    with pytest.raises(BadRequest, match="format is missing"):
        Query().text("format")


@pytest.mark.parametrize("text", ["7", "-3", "100"])
def test_a_whole_number_in_the_range_is_returned(text):
    assert Query({"width": text}).whole("width", -3, 100) == int(text)


def test_a_missing_number_is_refused_unless_it_has_a_default():
    assert Query().whole("width", 1, 100, 50) == 50
    with pytest.raises(BadRequest, match="width is missing"):
        Query().whole("width", 1, 100)


@pytest.mark.parametrize("text", ["", "-4", "101", "1.5", "1_0", " 7", "--7", "٣", "9" * 5000])
def test_anything_else_is_no_whole_number(text):
    with pytest.raises(BadRequest, match="width is not a whole number from -3 to 100"):
        Query({"width": text}).whole("width", -3, 100, 5)
