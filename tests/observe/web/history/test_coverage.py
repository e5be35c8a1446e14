"""Windows of the agent stand for readings where they cover whole columns."""

from edge_agent.observe.web.history.columns import SECOND
from edge_agent.observe.web.history.coverage import Coverage
from edge_agent.samples import Samples, TimeSpan

MINUTE = 60 * SECOND
SPAN = TimeSpan(0, 30 * MINUTE)


def windows(seconds, *minutes):
    ones = [1.0] * len(minutes)
    return Samples([minute * MINUTE for minute in minutes], ones, ones, ones, seconds)


def open_minutes(coverage):
    return [(one.since // MINUTE, one.until // MINUTE) for one in coverage.open_spans()]


def coverage(*found, step=10 * MINUTE):
    counted = Coverage(SPAN, step)
    for each in found:
        counted.note(each)
    return counted


def test_without_windows_all_is_open():
    assert open_minutes(coverage()) == [(0, 30)]


def test_a_column_full_of_windows_is_covered():
    assert open_minutes(coverage(windows(60, *range(10, 20)))) == [(0, 10), (20, 30)]


def test_a_column_that_lacks_one_window_is_open():
    assert open_minutes(coverage(windows(60, *range(19), *range(20, 30)))) == [(10, 20)]


def test_nothing_is_open_if_windows_cover_all():
    assert open_minutes(coverage(windows(300, *range(0, 30, 5)))) == []


def test_windows_beyond_the_span_cover_nothing():
    later = Coverage(TimeSpan(60 * MINUTE, 90 * MINUTE), 10 * MINUTE)
    later.note(windows(600, 20, 60, 90))
    assert open_minutes(later) == [(70, 90)]


def test_two_events_about_one_window_count_once():
    assert open_minutes(coverage(windows(300, 0), windows(300, 0))) == [(0, 30)]


def test_windows_of_different_lengths_do_not_add_up():
    assert open_minutes(coverage(windows(300, 0), windows(60, 5, 6, 7, 8, 9))) == [(0, 30)]


def test_only_a_length_that_divides_a_column_fits():
    assert [coverage().fits(seconds) for seconds in (60, 300, 600, 420, 900)] == [
        True, True, True, False, False,
    ]  # fmt: skip
