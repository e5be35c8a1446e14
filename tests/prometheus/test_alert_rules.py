"""The alert rules that we give away: promtool evaluates them on series that are written by hand."""

import re

import pytest
import yaml
from metrics_reference import families

from consumers.metrics import families as consumer
from consumers.metrics.figures import ArrivedEvents, ConsumerFigures, ConsumerTotals

RULES = "examples/prometheus/edge-agent.rules.yml"
PROCESS = {"process_start_time_seconds", "up"}
ARRIVED = ConsumerFigures(ConsumerTotals(0, 0, 0, 0), {"shed": ArrivedEvents(1, 1.0)})


@pytest.fixture
def rules(root):
    groups = yaml.safe_load((root / RULES).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture
def cases(root):
    """What is asserted about the alerts: for each, how often it fires and how often it does not."""
    tests = yaml.safe_load((root / "tests/prometheus/alerts.yml").read_text())["tests"]
    return [case for test in tests for case in test["alert_rule_test"]]


def test_promtool_accepts_the_rules_and_the_example(promtool, root):
    assert promtool("check", "rules", root / RULES)[1] == 0
    assert promtool("check", "config", root / "examples/prometheus/prometheus.yml")[1] == 0


def test_every_alert_does_in_time_what_its_test_expects(promtool, root):
    said, code = promtool("test", "rules", root / "tests/prometheus/alerts.yml")
    assert code == 0, said


def test_every_alert_is_seen_firing_and_silent(rules, cases):
    names = {rule["alert"] for rule in rules}
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == names
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == names


def test_a_rule_uses_only_metrics_that_there_are(rules):
    found = [*families(), *consumer.families(ARRIVED, 2.0)]
    ours = {sample.name for family in found for sample in family.samples} | PROCESS
    for rule in rules:
        used = set(re.findall(r"\b(?:edge|process)_\w+|\bup\b", rule["expr"]))
        assert used, rule["alert"]
        assert used <= ours, rule["alert"]


def test_every_alert_says_where_it_is_and_what_to_do(rules):
    for rule in rules:
        assert rule["annotations"]["summary"].startswith("{{ $labels.instance }}: ")
        assert rule["annotations"]["description"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
