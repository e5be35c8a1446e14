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


@pytest.mark.parametrize(
    ("settings", "decimals"),
    [
        ("", 3),
        ("offset = 0.12345", 3),
        ("scale = 11", 2),
        ("scale = -0.001", 6),
        ("scale = 1e-20", 12),
        ("scale = 1e6", 0),
        ("polynomial = [5, 11]", 2),
        ("polynomial = [0, 0, 0.01]", 4),  # 0.0019 on average, less where the curve is flat
        ("polynomial = [7]", 12),
        ("decimals = 1", 1),
        ("decimals = 0\nscale = 11", 0),
    ],
)
def test_values_have_the_decimals_that_the_chip_is_worth_or_those_that_are_asked_for(
    plan, settings, decimals
):
    assert plan(settings).channels["humidity"].decimals == decimals


def test_the_decimals_of_what_is_published_are_those_that_are_shown(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(DEVICE.format("scale = 0.001"))
    channels = {channel.name: channel for channel in resolve(path).devices[0].channels}
    assert channels["humidity"].decimals == 6
    assert channels["temperature"].decimals == 3
