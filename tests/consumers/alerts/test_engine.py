"""The alert engine: which alerts change by which events, and by time."""

import pytest

from consumers.alerts.silence import AlertSilence
from tests.consumers.alerts.conftest import SECOND, START, Fleet, rule

UNSET = {"clock": "unsynchronised"}

HOT = rule("any(node).air.temperature > 30")
TWO = rule("count(nodes with air.temperature > 30) >= 2")


def test_a_rule_over_a_named_node_is_about_the_fleet(fleet):
    hot = fleet(rule("greenhouse.air.temperature > 30"))
    hot.send("cellar", temperature=40).send("greenhouse", temperature=31)
    assert hot.reported() == [("hot", "", "firing")]


def test_a_rule_over_any_node_has_a_state_for_each(fleet):
    hot = fleet(HOT)
    hot.send("a", temperature=31).send("b", temperature=20).send("c", temperature=32)
    assert hot.reported() == [("hot", "a", "firing"), ("hot", "c", "firing")]
    hot.send("a", temperature=20).send("c", temperature=33)
    assert hot.reported() == [("hot", "a", "resolved")]


def test_nodes_are_counted_that_fulfil_a_condition(fleet):
    two = fleet(TWO).send("a", temperature=31)
    assert two.reported() == []
    two.send("b", temperature=31)
    (fired,) = two.transitions()
    assert (fired.node, fired.state, fired.nodes) == ("", "firing", ("a", "b"))
    two.send("a", temperature=20)
    assert two.reported() == [("hot", "", "resolved")]


def test_a_count_is_unknown_while_nodes_without_a_value_decide_it(fleet):
    none = fleet(rule("count(nodes with pump.flow > 1) < 1"))
    none.send("a", device="pump", flow=2).send("b", device="pump", flow=2)
    none.send("a", device="pump", quality="no_acknowledge")
    none.send("b", device="pump", flow=0)
    assert none.reported() == []
    none.send("a", device="pump", flow=0)
    assert none.reported() == [("hot", "", "firing")]


def test_a_count_is_known_if_nodes_without_a_value_do_not_matter(fleet):
    two = fleet(TWO).send("c", temperature=31).send("c", quality="no_acknowledge")
    two.send("a", temperature=31).send("b", temperature=31)
    assert two.reported() == [("hot", "", "firing")]


def test_all_nodes_have_to_fulfil_a_condition_that_have_its_channels(fleet):
    every = fleet(rule("all(nodes with air.temperature > 30)"))
    every.send("pump", device="pump", flow=1).send("a", temperature=20).send("b", temperature=31)
    assert every.reported() == []
    every.send("a", temperature=31)
    assert every.reported() == [("hot", "", "firing")]


def test_any_of_the_nodes_is_one_alert(fleet):
    some = fleet(rule("any(nodes with air.temperature > 30)"))
    some.send("a", temperature=31).send("b", temperature=31).send("a", temperature=20)
    assert some.reported() == [("hot", "", "firing")]


def test_a_clause_that_no_node_has_the_channels_of_is_unknown(fleet):
    none = fleet(rule("not any(nodes with air.temperature > 30)"))
    none.send("a", device="pump", flow=1).wait(1)
    assert none.reported() == []


def test_only_the_nodes_that_a_rule_selects_matter(fleet):
    some = fleet(rule("any(node).air.temperature > 30", 'nodes = ["cellar-*"]'))
    some.send("greenhouse", temperature=40).send("cellar-2", temperature=40)
    assert some.reported() == [("hot", "cellar-2", "firing")]


def test_a_channel_of_each_node_is_compared_with_that_of_a_named_one(fleet):
    warmer = fleet(rule("any(node).air.temperature > outside.air.temperature + 5"))
    warmer.send("outside", temperature=10).send("a", temperature=20)
    assert warmer.reported() == [("hot", "a", "firing")]
    warmer.send("outside", temperature=18).wait(1)
    assert warmer.reported() == [("hot", "a", "resolved")]


def test_a_value_that_is_too_old_makes_a_rule_unknown(fleet):
    hot = fleet(rule("any(node).air.temperature > 30", **{"for": "10m"}))
    hot.send(temperature=31).wait(700)
    assert hot.reported() == [("hot", "a", "pending")]
    hot.send(temperature=31)
    assert hot.reported() == [("hot", "a", "firing")]


def test_a_failed_reading_makes_a_rule_unknown(fleet):
    hot = fleet(HOT).send(temperature=31)
    hot.send(quality="bad_checksum").send(quality="bad_checksum")
    assert hot.reported() == [("hot", "a", "firing")]


def test_a_condition_has_to_hold_for_its_time(fleet):
    hot = fleet(rule("any(node).air.temperature > 30", **{"for": "10s"}))
    hot.send(temperature=31).wait(9).send(temperature=31)
    assert hot.reported() == [("hot", "a", "pending")]
    hot.wait(1)
    assert hot.reported() == [("hot", "a", "firing")]


def test_an_alert_ends_at_its_other_threshold_and_after_its_time(fleet):
    both = rule("any(node).air.temperature > 30", clear="any(node).air.temperature < 28",
                keep_firing_for="5s")  # fmt: skip
    hot = fleet(both).send(temperature=31).send(temperature=29).wait(10)
    assert hot.reported() == [("hot", "a", "firing")]
    hot.send(temperature=27).wait(4)
    assert hot.reported() == []
    hot.wait(1)
    assert hot.reported() == [("hot", "a", "resolved")]


def test_an_alert_that_fires_too_often_is_flapping(fleet):
    hot = fleet(rule("any(node).air.temperature > 30", "storm = 2"))
    for _ in range(6):
        hot.send(temperature=31).send(temperature=20).wait(1)
    assert [state for _, _, state in hot.reported()] == ["firing", "resolved"] * 2 + ["flapping"]
    hot.wait(601)
    assert hot.reported() == [("hot", "a", "resolved")]


def test_windows_are_kept_for_each_node(fleet):
    mean = fleet(rule("mean(any(node).air.temperature, 10s) > 30"))
    for _ in range(12):
        mean.send("a", temperature=31).send("b", temperature=20).wait(1)
    assert mean.reported() == [("hot", "a", "firing")]


def test_an_event_counts_at_its_own_time(fleet):
    hot = fleet(rule("any(node).air.temperature > 30", **{"for": "10s"}))
    hot.send(temperature=31, late=60).send(temperature=31, late=50)
    pending, firing = hot.transitions()
    assert (pending.at, firing.at) == (START - 60 * SECOND, START - 50 * SECOND)


def test_an_event_that_is_too_late_raises_no_alert_and_is_counted(fleet):
    hot = fleet(HOT).send(temperature=31, late=301)
    assert hot.reported() == []
    assert hot.engine.nodes.counts == {"late": 1}


def test_a_backlog_does_not_count_with_what_is_true_now(fleet):
    two = fleet('max_age = "1m"\n' + TWO).send("a", temperature=31)
    two.send("b", temperature=31, late=120)
    assert two.reported() == []


def test_an_event_with_a_wrong_clock_raises_no_alert(fleet):
    hot = fleet(HOT).send(temperature=31, late=-61).send(temperature=31, attributes=UNSET)
    assert hot.reported() == []
    assert hot.engine.nodes.counts == {"ahead": 1, "unset": 1}


def test_a_slightly_fast_clock_does_no_harm(fleet):
    hot = fleet(HOT).send(temperature=31, late=-5)
    assert [one.at for one in hot.transitions()] == [START]


def test_the_time_of_an_alert_never_goes_back(fleet):
    both = fleet(rule("any(node).air.temperature > 30 and any(node).other.x > 5"))
    both.send(device="other", x=6, late=30).send(temperature=31)
    both.send(device="other", x=1, late=20)
    assert [(one.state, one.at) for one in both.transitions()] == [
        ("firing", START),
        ("resolved", START),
    ]


def test_the_message_has_node_and_values(fleet):
    text = "{node}: {air.temperature:.1f} °C, outside {outside.air.temperature}"
    rules = rule("any(node).air.temperature > 30 and outside.air.temperature < 40", message=text)
    hot = fleet(rules).send("outside", temperature=9.5).send("a", temperature=31.26)
    assert [one.message for one in hot.transitions()] == ["a: 31.3 °C, outside 9.5"]


def test_the_message_names_the_nodes_that_fulfil_a_clause(fleet):
    many = fleet(rule("count(nodes with air.temperature > 30) >= 2", message="too warm: {nodes}"))
    many.send("b", temperature=31).send("a", temperature=31)
    assert [one.message for one in many.transitions()] == ["too warm: a, b"]


def test_an_alert_is_repeated_until_it_is_acknowledged(fleet):
    hot = fleet(rule("any(node).air.temperature > 30", repeat="1m")).send(temperature=31).wait(61)
    assert [one.repeat for one in hot.transitions()] == [0, 1]
    assert hot.records.acknowledge(("hot", "a"))
    assert hot.wait(61).reported() == []


def test_what_does_not_fire_is_not_acknowledged(fleet):
    assert not fleet(HOT).send(temperature=1).records.acknowledge(("hot", "a"))


def silenced(fleet, seconds=100, **which):
    names = {"rule": "*", "node": "*"} | which
    fleet.records.silences = [AlertSilence(until=fleet.now + seconds * SECOND, **names)]
    return fleet


def test_people_are_not_notified_of_a_silenced_alert_until_the_silence_ends(fleet):
    hot = silenced(fleet(HOT)).send(temperature=31)
    assert [(one.transition.silenced, one.notify) for one in hot.taken()] == [(True, False)]
    assert hot.wait(99).taken() == []
    hot.send(temperature=31).wait(1)
    (again,) = hot.taken()
    assert (again.transition.state, again.transition.repeat, again.notify) == ("firing", 1, True)
    assert hot.wait(1).taken() == []


def test_people_are_notified_of_the_end_of_an_alert_only_if_they_know_of_it(fleet):
    hot = silenced(fleet(HOT)).send(temperature=31).send(temperature=20)
    assert [one.notify for one in hot.taken()] == [False, False]
    hot.records.silences = []
    silenced(hot.send(temperature=31)).send(temperature=20)
    assert [one.notify for one in hot.taken()] == [True, True]


@pytest.mark.parametrize("which", [{"rule": "h*"}, {"node": "a"}])
def test_a_silence_is_for_rules_and_nodes_by_their_names(fleet, which):
    hot = silenced(fleet(HOT + rule("any(node).air.temperature > 30", name="warm")), **which)
    hot.send("a", temperature=31).send("b", temperature=31)
    sent = {(one.transition.rule, one.transition.node) for one in hot.taken() if one.notify}
    everything = {(rule, node) for rule in ("hot", "warm") for node in "ab"}
    expected = {one for one in everything if "rule" not in which or one[0] == "warm"}
    assert sent == {one for one in expected if "node" not in which or one[1] == "b"}


def test_an_alert_survives_a_restart_and_does_not_fire_twice(fleet, plan):
    hot = fleet(HOT).send(temperature=31)
    again = Fleet(plan("builtin = []\n" + HOT), hot.saved(), hot.now + SECOND)
    again.send(temperature=31).wait(1)
    assert again.reported() == []
    again.send(temperature=20)
    assert again.reported() == [("hot", "a", "resolved")]


def test_a_hold_survives_a_restart(fleet, plan):
    text = rule("any(node).air.temperature > 30", **{"for": "10s"})
    hot = fleet(text).send(temperature=31)
    again = Fleet(plan("builtin = []\n" + text), hot.saved(), hot.now + 5 * SECOND)
    again.send(temperature=31).wait(5)
    assert again.reported() == [("hot", "a", "firing")]


def test_values_survive_a_restart_so_that_a_count_has_them(fleet, plan):
    two = fleet(TWO).send("a", temperature=31)
    again = Fleet(plan("builtin = []\n" + TWO), two.saved(), two.now + SECOND)
    again.wait(1).send("b", temperature=31)
    assert again.reported() == [("hot", "", "firing")]


def test_an_event_right_after_a_restart_is_counted_with_the_values_before_it(fleet, plan):
    two = fleet(TWO).send("a", temperature=31).send("b", temperature=31)
    again = Fleet(plan("builtin = []\n" + TWO), two.saved(), two.now + SECOND)
    again.send("a", temperature=31)
    assert again.reported() == []
    again.send("a", temperature=20)
    assert again.reported() == [("hot", "", "resolved")]


def test_a_value_that_grows_old_is_no_longer_counted(fleet):
    two = fleet(TWO).send("a", temperature=31).wait(361).send("b", temperature=31)
    assert two.reported() == []
    two.send("a", temperature=31)
    assert two.reported() == [("hot", "", "firing")]


@pytest.mark.parametrize("text", ["", rule("any(node).air.temperature > 40"), TWO])
def test_the_alert_of_a_rule_that_is_gone_or_changed_is_resolved(fleet, plan, text):
    hot = fleet(HOT).send(temperature=31)
    again = Fleet(plan("builtin = []\n" + text), hot.saved(), hot.now + SECOND)
    assert again.reported() == [("hot", "a", "resolved")]


def test_a_node_that_is_forgotten_has_no_alerts(fleet):
    hot = fleet(HOT).send(temperature=31)
    hot.engine.forget("a", hot.now)
    assert [state for _, _, state in hot.reported()] == ["firing", "resolved"]
    assert hot.saved() == ({}, {})


def test_the_id_of_a_transition_is_the_same_after_a_restart(fleet):
    ids = [[one.id for one in fleet(HOT).send(temperature=31).transitions()] for _ in range(2)]
    assert ids[0] == ids[1]


def test_an_older_reading_does_not_replace_a_newer_one(fleet):
    hot = fleet(HOT).send(temperature=31).send(quality="bad_checksum", late=5)
    hot.send(temperature=20, late=3)
    assert hot.reported() == [("hot", "a", "firing")]
    assert hot.engine.nodes.counts == {"out of order": 2}


@pytest.mark.parametrize("device", ["x" * 65, "a.b", "{node}", ""])
def test_what_cannot_be_a_device_is_not_kept(fleet, device):
    hot = fleet(HOT).send(device=device, temperature=31, quality="bad_checksum")
    assert hot.engine.nodes.nodes["a"].state.failing == {}
    assert hot.engine.nodes.counts == {"not a device": 1}


def test_the_channels_of_a_node_are_bounded(fleet):
    many = fleet(HOT).send(**{f"c{n}": 1 for n in range(1100)})
    many.send(**{"x" * 65: 1})
    assert len(many.engine.nodes.nodes["a"].state.seen) == 1000


def test_the_nodes_are_bounded(fleet, monkeypatch):
    monkeypatch.setattr("consumers.alerts.nodes.NODES", 2)
    few = fleet(HOT)
    for node in "abc":
        few.send(node, temperature=31)
    assert few.reported() == [("hot", "a", "firing"), ("hot", "b", "firing")]
    assert few.engine.nodes.counts == {"too many nodes": 1}


def test_a_replayed_event_raises_no_alert(fleet):
    hot = fleet(HOT)
    hot.send(temperature=31, attributes={"replay": True})
    assert (hot.reported(), hot.engine.nodes.counts) == ([], {"replayed": 1})
