"""What is true now, after news of any kind."""

import pytest

from edge_agent.clock import Moment
from edge_agent.events import Alert, Reading, Switched
from edge_agent.figures import UnknownRules
from edge_agent.observe.web.now.snapshot import (
    AccountReport,
    Description,
    Snapshot,
    after,
    age_of,
    as_json,
    everything,
)

THEN = Moment(1_700_000_000_000_000, 5_000_000, trusted=True)
NOW = Moment(1_700_000_002_000_000, 7_000_000, trusted=True)
SHED = Description({"node": "shed"}, *map(frozenset, (["air"], ["warm"], ["fan"])))


def reading(value, device="air", **more):
    return Reading(device, THEN, {"temperature": value}, **more)


EMPTY = Snapshot()


def shown(*items, before=EMPTY):
    snapshot, changed = after(before, items)
    return snapshot, as_json(snapshot, changed, NOW)


def test_what_is_new_is_shown_with_its_age():
    alert = Alert("warm", "firing", THEN, "warning", {"air.temperature": 31.0}, acknowledged=True)
    _, found = shown(SHED, reading(20.0), alert, Switched("fan", 1.0, "warm", THEN))
    assert found["readings"] == {
        "air": {"age": 2.0, "values": {"temperature": 20.0}, "quality": "good"}
    }
    assert found["alerts"]["warm"]["state"] == "firing"
    assert found["alerts"]["warm"]["acknowledged"] is True
    words = {"state": "on", "text": "on by warm"}
    assert found["outputs"] == {"fan": {"age": 2.0, "value": 1.0, "by": "warm", **words}}


def test_of_several_readings_the_latest_is_shown():
    _, found = shown(SHED, reading(20.0), reading(21.0))
    assert found["readings"]["air"]["values"] == {"temperature": 21.0}


def test_only_what_has_changed_is_shown_again():
    before, _ = shown(SHED, reading(20.0), AccountReport({"events": 1}))
    _, found = shown(Switched("fan", 0.0, "safe", THEN), before=before)
    assert found.keys() == {"time", "clock_set", "outputs"}


def test_a_new_viewer_gets_everything():
    snapshot, _ = shown(SHED, reading(20.0), AccountReport({"events": 1}))
    found = as_json(snapshot, everything(snapshot), NOW)
    assert found.keys() == {"time", "clock_set", "description", "readings", "unknown", "account"}


def test_before_the_log_was_read_there_is_no_account():
    snapshot, _ = shown(SHED)
    assert "account" not in as_json(snapshot, everything(snapshot), NOW)


def test_nothing_new_changes_nothing():
    before, _ = shown(SHED, reading(20.0))
    assert after(before, []) == (before, frozenset())


def test_rules_that_cannot_be_evaluated_are_named_once():
    before, found = shown(SHED, UnknownRules(frozenset(["warm"])))
    assert found["unknown"] == ["warm"]
    assert after(before, [UnknownRules(frozenset(["warm"]))]) == (before, frozenset())
    assert shown(UnknownRules(frozenset()), before=before)[1]["unknown"] == []


def test_what_the_configuration_does_not_have_is_not_shown():
    _, found = shown(SHED, reading(20.0, "soil"))
    assert "readings" not in found


def test_what_a_reload_removes_is_forgotten():
    before, _ = shown(SHED, reading(20.0), Switched("fan", 0.0, "safe", THEN))
    less = SHED._replace(devices=frozenset())
    snapshot, _ = shown(less, before=before)
    assert list(snapshot.latest) == [("outputs", "fan")]


def test_a_reading_without_values_has_the_reason():
    lost = Reading("air", THEN, {}, "no_acknowledge", "air: no answer (check wiring)")
    _, found = shown(SHED, lost)
    assert found["readings"]["air"]["reason"] == {
        "what": "air: no answer",
        "remedy": "check wiring",
    }


def test_a_refused_channel_has_its_own_reason():
    _, found = shown(SHED, reading(20.0, refused={"humidity": "step"}))
    refused = found["readings"]["air"]["refused"]["humidity"]
    assert refused["what"] == "changed faster than is plausible"


@pytest.mark.parametrize(
    ("moment", "now", "age"),
    [
        (THEN, NOW, 2.0),
        (THEN._replace(time=0, trusted=False), NOW, 2.0),
        (THEN, NOW._replace(time=0, trusted=False), 2.0),
        (NOW, THEN, 0.0),
        (THEN._replace(uptime=0), NOW, 2.0),
    ],
)
def test_an_age_needs_no_clock_that_is_right(moment, now, age):
    assert age_of(moment, now) == age
