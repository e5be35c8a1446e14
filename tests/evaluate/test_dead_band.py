import pytest

from edge_agent.evaluate.refine.dead_band import DeadBand
from edge_agent.events import Reading


@pytest.fixture(scope="session")
def logged(moment):
    """A function: the numbers of the readings that pass, one each second."""

    def log(dead_band, *given):
        last, passed = None, []
        for n, (values, *quality) in enumerate(given):
            reading = Reading("air", moment(n), values, *quality)
            if dead_band.passes(reading, last):
                last = reading
                passed.append(n)
        return passed

    return log


def temperatures(*values):
    return [({"t": value},) for value in values]


def test_without_a_band_every_good_reading_passes(logged):
    assert logged(DeadBand(), *temperatures(20, 20, 20)) == [0, 1, 2]


def test_a_value_passes_that_moved_as_far_as_the_band_since_the_last_that_passed(logged):
    values = temperatures(20, 20.4, 20.5, 20.2, 20.0, 21)
    assert logged(DeadBand({"t": 0.5}), *values) == [0, 2, 4, 5]


def test_a_value_that_creeps_passes_in_the_end(logged):
    assert logged(DeadBand({"t": 1}), *temperatures(0, 0.25, 0.5, 0.75, 1, 1.25)) == [0, 4]


def test_an_unchanged_value_passes_at_the_heartbeat(logged):
    assert logged(DeadBand({"t": 0.5}, 3.0), *temperatures(*[20] * 8)) == [0, 3, 6]


def test_a_change_of_any_size_passes_on_a_channel_without_a_band(logged):
    readings = [({"t": 20.1, "h": 40},), ({"t": 20.2, "h": 40},), ({"t": 20.2, "h": 40.01},)]
    assert logged(DeadBand({"t": 1}), *readings) == [0, 2]


def test_a_failure_passes_once_and_at_the_heartbeat_and_so_does_its_end(logged):
    good, bad = ({"t": 20},), ({}, "bad_checksum")
    readings = [good, bad, bad, bad, bad, good, good]
    assert logged(DeadBand({"t": 1}, 3.0), *readings) == [0, 1, 4, 5]
    assert logged(DeadBand({}, 3.0), *readings) == [0, 1, 4, 5, 6]


@pytest.mark.parametrize(
    "change",
    [
        ({}, "not_there"),
        ({"t": 20},),
        ({"t": 20, "h": 40}, "good", "", {"p": "step"}),
    ],
)
def test_a_change_of_quality_or_channels_passes(logged, change):
    assert logged(DeadBand({"t": 1, "h": 1}), ({"t": 20, "h": 40},), change) == [0, 1]
