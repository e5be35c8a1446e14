"""Keys that contradict each other: a rule that never fires or ends, a value that is never kept."""

import pytest

DEVICE = '[[device]]\nname = "air"\ndriver = "bme280"\n'
RULE = DEVICE + '[[rule]]\nname = "r"\nwhen = "{}"\n{}\n'
CHANNEL = DEVICE + "[device.channel.temperature]\n"
HOT = "air.temperature > 30"
NEVER_ENDS = "the rule never ends: `when` holds then, too, whatever {} is"
ENDLESS = [
    (HOT, "air.temperature > 35", "air.temperature"),
    (HOT, HOT, "air.temperature"),
    (f"{HOT} or air.humidity > 80", "air.temperature > 40", "air.temperature"),
    (f"not ({HOT})", "air.temperature < 20 and air.humidity < 50", "air.temperature"),
    ("22:00 <= time < 6:00", "time >= 23:00", "time"),
    ("age(air.temperature) > 30s", "age(air.temperature) > 1m", "age(air.temperature)"),
]
ENDING = [
    (HOT, "air.temperature > 20"),
    (HOT, "air.temperature <= 30"),
    (HOT, "air.humidity > 30"),
    (f"{HOT} and air.humidity > 80", "air.temperature > 40"),
    ("stale(air.temperature)", HOT),
]
TOO_LONG = [
    ("22:00 <= time < 6:00", "9h", "8h"),
    ("time >= 22:00 and air.temperature > 3", "3h", "2h"),
    ("saturday <= weekday <= sunday", "3d", "2d"),
    ("weekday == monday", "25h", "1d"),
]
SHORT = [
    ("22:00 <= time < 6:00", "8h"),
    ("time < 6:00 or air.temperature > 3", "3d"),
    ("not (time < 6:00)", "17h"),
    ("saturday <= weekday <= monday", "3d"),
]
CHANNELS = {
    "low = 100": "low = 100: every value is refused, outside 100 to 85: corrected values stay",
    "high = -50": "high = -50: every value is refused",
    "offset = -273.15": "offset = -273.15: every value is refused, outside -40 to 85",
    "scale = 0.001\nlow = 10": "low = 10: every value is refused",
    "dead_band = 126": "dead_band = 126: no change is so large",
}
FITTING = [
    "high = 200",
    "offset = 50",
    "scale = 1.8\noffset = 32",
    "dead_band = 125",
    "scale = 0.1",
]

STALE = [
    HOT + " and stale(air.temperature)",
    "stale(air.temperature) and mean(air.temperature, 10m) > 3",
    "stale(air.temperature) and not air.temperature > 3",
    "air.humidity > 3 and stale(air.temperature) and 3 < air.temperature + 1",
]
STALE_BESIDE_OTHERS = [
    HOT + " or stale(air.temperature)",
    HOT + " and not stale(air.temperature)",
    "stale(air.temperature) and air.humidity > 3",
    "stale(air.temperature) and age(air.temperature) > 1h",
    f"stale(air.temperature) and ({HOT} or air.humidity > 3)",
]


def said(edge_agent, path):
    """Return the only problem."""
    done = edge_agent("check", path)
    line, count = done.err.splitlines()
    assert (done.code, count) == (2, "1 problem")
    return line


@pytest.mark.parametrize(("when", "clear", "piece"), ENDLESS)
def test_a_clear_that_needs_what_when_needs_is_refused(edge_agent, config, when, clear, piece):
    line = said(edge_agent, config(RULE.format(when, f'clear = "{clear}"')))
    assert f'.toml:7: rule.r.clear = "{clear}": {NEVER_ENDS.format(piece)}' in line


@pytest.mark.parametrize("clear", ["air.temperature > 50 and air.temperature < 40", "1 > 2"])
def test_a_clear_that_never_holds_is_refused(edge_agent, config, clear):
    assert "is always false" in said(edge_agent, config(RULE.format(HOT, f'clear = "{clear}"')))


@pytest.mark.parametrize(("when", "hold", "longest"), TOO_LONG)
def test_a_time_that_a_condition_cannot_hold_is_refused(edge_agent, config, when, hold, longest):
    line = said(edge_agent, config(RULE.format(when, f'for = "{hold}"')))
    assert f"`when` holds for {longest} at most, so the rule never fires; write less" in line


@pytest.mark.parametrize(
    "keys",
    [(when, f'clear = "{clear}"') for when, clear in ENDING]
    + [(when, f'for = "{hold}"') for when, hold in SHORT],
)
def test_a_rule_that_can_fire_and_end_is_accepted(edge_agent, config, keys):
    assert edge_agent("check", config(RULE.format(*keys))).code == 0


def test_a_threshold_that_no_condition_names_is_refused(edge_agent, config):
    threshold = "threshold.warm = { value = 26, low = 20, high = 30 }"
    line = said(edge_agent, config(RULE.format(HOT, threshold)))
    assert "rule.r.threshold.warm: not used; write the name in place of the number" in line


@pytest.mark.parametrize(("keys", "words"), CHANNELS.items())
def test_a_channel_whose_values_are_never_kept_is_refused(edge_agent, config, keys, words):
    assert f"device.air.channel.temperature.{words}" in said(edge_agent, config(CHANNEL + keys))


@pytest.mark.parametrize("keys", FITTING)
def test_a_channel_that_may_have_values_is_accepted(edge_agent, config, keys):
    assert edge_agent("check", config(CHANNEL + keys)).code == 0


@pytest.mark.parametrize("when", STALE)
def test_a_rule_that_wants_a_channel_stale_and_its_value_is_refused(edge_agent, config, when):
    line = said(edge_agent, config(RULE.format(when, "")))
    assert "is never true: air.temperature has no value while it is stale; use `or`" in line


@pytest.mark.parametrize("when", STALE_BESIDE_OTHERS)
def test_a_rule_that_needs_no_value_of_a_stale_channel_is_accepted(edge_agent, config, when):
    assert edge_agent("check", config(RULE.format(when, ""))).code == 0


@pytest.mark.parametrize("call", ["stale()", "stale(air.temperature, 10m)", "stale(3)"])
def test_a_wrong_call_of_stale_beside_a_value_is_one_problem(edge_agent, config, call):
    assert "stale" in said(edge_agent, config(RULE.format(f"{call} and {HOT}", "")))
