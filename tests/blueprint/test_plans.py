import math

import pytest

from edge_agent.blueprint import resolve

DEVICE = """
[[device]]
name = "probe"
driver = "sht4x"
every = "10s"
heartbeat = "1m"
[device.channel.humidity]
{}
"""


@pytest.fixture
def plan(tmp_path):
    def make(settings):
        path = tmp_path / "config.toml"
        path.write_text(DEVICE.format(settings))
        return resolve(path).devices[0].plan

    return make


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [
        ("", 0, 100),
        ("offset = 2", 0, 100),
        ("low = 10\nhigh = 90", 10, 90),
        ("scale = 11", -math.inf, math.inf),
        ("polynomial = [0, 100]", -math.inf, math.inf),
        ("scale = 11\nhigh = 500", -math.inf, 500),
    ],
)
def test_the_datasheets_range_holds_unless_the_value_is_converted(plan, settings, low, high):
    limits = plan(settings).channels["humidity"].limits
    assert (limits.low, limits.high) == (low, high)


def test_a_value_is_current_for_three_intervals_and_ten_seconds(plan):
    assert plan("").max_age == 40


def test_only_channels_with_a_dead_band_are_thinned(plan):
    assert plan("dead_band = 0.5").dead_band.bands == {"humidity": 0.5}
    assert plan("").dead_band.bands == {}
    assert plan("").dead_band.heartbeat == 60


def test_values_keep_the_decimals_that_the_chip_is_worth_unless_they_are_converted(plan):
    assert plan("").channels["humidity"].decimals == 3
    assert plan("scale = 11").channels["humidity"].decimals is None
