"""What the metrics add up, from figures that are put by hand."""

import pytest

from edge_agent.clock import Moment
from edge_agent.events import Alert, Reading, Switched
from edge_agent.figures import Measured, Postponed, TakenOver, UnknownRules
from edge_agent.observe.metrics.agent_sums import AgentSums, ConfiguredNames
from edge_agent.observe.metrics.distribution import Distribution

NOW = Moment(1_700_000_000_000_000, 0, trusted=True)
NAMES = ConfiguredNames(("air", "soil"), ("warm",), ("fan",), ("mqtt",))


@pytest.fixture
def sums():
    sums = AgentSums()
    sums.take(NAMES)
    return sums


def test_a_value_on_a_bound_lies_below_it_and_none_is_lost():
    distribution = Distribution((1, 2))
    for value in (0.5, 1, 1.5, 7):
        distribution.add(value)
    assert distribution.buckets() == [("1", 2), ("2", 3), ("+Inf", 4)]
    assert distribution.sum == 10


def test_readings_count_by_device_and_quality(sums):
    for quality in ("good", "good", "absent"):
        sums.take(Reading("air", NOW, {}, quality))
    assert sums.readings == {("air", "good"): 2, ("air", "absent"): 1, ("soil", "good"): 0}
    assert sums.latest["air"].quality == "absent"


def test_a_failed_attempt_counts_by_its_reason_and_takes_time_as_well(sums):
    sums.take(Measured("air", 0.1, 0.0, "checksum"))
    sums.take(Measured("air", 0.3, 0.2))
    assert sums.errors == {("air", "checksum"): 1}
    assert sums.measuring["air"].sum == pytest.approx(0.4)
    assert sums.lateness["air"].sum == pytest.approx(0.2)


def test_a_resolved_rule_is_inactive(sums):
    assert sums.rules == {"warm": "inactive"}
    for state, shown in (("firing", "firing"), ("resolved", "inactive")):
        sums.take(Alert("warm", state, NOW, "warning", {}))
        assert sums.rules == {"warm": shown}


def test_a_rule_is_unknown_until_it_is_not_named_any_more(sums):
    sums.take(UnknownRules(frozenset({"warm"})))
    assert sums.unknown == {"warm"}
    sums.take(UnknownRules(frozenset()))
    assert sums.unknown == set()


def test_a_setting_that_failed_counts_as_an_error_as_well(sums):
    sums.take(Switched("fan", 1.0, "rule warm", NOW))
    sums.take(Switched("fan", 0.0, "rule warm", NOW, "no answer"))
    assert (sums.switches["fan"], sums.switch_errors["fan"], sums.outputs["fan"]) == (2, 1, 0.0)


def test_what_a_reload_removes_is_forgotten_and_the_rest_goes_on(sums):
    for item in (
        Reading("air", NOW, {}),
        Reading("soil", NOW, {}),
        Measured("soil", 0.1, 0.0, "absent"),
        Switched("fan", 1.0, "rule warm", NOW),
        Alert("warm", "firing", NOW, "warning", {}),
        TakenOver("mqtt", 0.1, 1),
        Postponed("mqtt"),
    ):
        sums.take(item)
    sums.take(ConfiguredNames(("air",), ("cold",), (), ()))
    assert sums.readings == {("air", "good"): 1}
    assert set(sums.latest) == {"air"}
    assert sums.rules == {"cold": "inactive"}
    gone = (sums.errors, sums.measuring, sums.outputs, sums.switches, sums.deliveries, sums.retries)
    assert [dict(one) for one in gone] == [{}] * len(gone)
