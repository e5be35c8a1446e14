from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_agent.instants import instant_of

NOW = datetime(2027, 1, 16, tzinfo=UTC)
EIGHT = datetime(2027, 1, 15, 8, tzinfo=UTC)
FORMS = "write how long ago, such as 2h, a time, such as 2027-01-15T08:00, or Unix time"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("2 h", NOW - timedelta(hours=2)),
        ("2027-01-15T09:00", EIGHT),
        ("2027-01-15 09:00:00", EIGHT),
        ("2027-01-15T08:00Z", EIGHT),
        ("2027-01-15T03:00-05:00", EIGHT),
        ("2027-01-15", EIGHT - timedelta(hours=9)),
        ("@1800000000", EIGHT),
        ("@1800000000.5", EIGHT + timedelta(seconds=0.5)),
        (" 2027-01-15T09:00 ", EIGHT),
    ],
)
def test_a_point_in_time_is_written_in_one_of_these_ways(text, time):
    assert instant_of(text, NOW, ZoneInfo("Europe/Berlin")) == time


def test_without_a_zone_it_is_the_time_of_this_machine():
    assert instant_of("2027-01-15T09:00", NOW) == datetime(2027, 1, 15, 9).astimezone()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("1800000000", "for Unix time write @1800000000, in seconds"),
        ("1800000000000", "for Unix time write @1800000000, in seconds"),
        ("@1800000000000", "for Unix time write @1800000000, in seconds"),
        ("20270115", FORMS),
        ("7200", FORMS),
        ("15.01.2027", FORMS),
        ("yesterday", FORMS),
        ("8:00", FORMS),
        ("2 hours ago", FORMS),
        ("-2h", FORMS),
        ("@" + "9" * 400, FORMS),
        ("99999999d", FORMS),
        ("36500d9", FORMS),
        ("0001-01-01", FORMS),
        ("", FORMS),
    ],
)
def test_anything_else_is_refused_with_what_to_write(text, remedy):
    with pytest.raises(ValueError, match="write") as error:
        instant_of(text, NOW, ZoneInfo("Europe/Berlin"))
    assert str(error.value).startswith(remedy)
