import json

import pytest

from edge_agent.clock import Moment
from edge_agent.evaluate.outputs.arbitration import Held
from edge_agent.evaluate.outputs.output_state import Order, OutputState
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.evaluate.saved_state import load_states, save_state

S = 1_000_000
THEN = Moment(1_000 * S, 500 * S, trusted=True)
PENDING = RuleState(
    "pending", since=490 * S, over_since=495 * S, firings=(480 * S,), reported_at=490 * S
)


def restored(now, boot, state=PENDING, moment=THEN):
    saved = save_state("rule/hot", state, moment, "boot-1")
    return load_states({saved.name: saved.data}, "rule/", type(state), now, boot)["hot"]


def test_the_names_in_a_saved_state_are_those_that_older_versions_wrote():
    saved = json.loads(save_state("rule/hot", PENDING, THEN, "boot-1").data)["state"]
    assert saved.keys() == {"state", "since", "over_since", "firings", "told_at"}


def test_in_the_same_boot_nothing_shifts():
    assert restored(Moment(9, 9, trusted=True), "boot-1") == PENDING


def test_after_a_reboot_the_wall_clock_decides_how_long_ago_it_was():
    now = Moment(1_060 * S, 20 * S, trusted=True)  # 60 s later; the hold began 70 s ago
    found = restored(now, "boot-2")
    assert (found.since, found.over_since) == (-50 * S, -45 * S)
    assert (found.firings, found.reported_at) == ((-60 * S,), -50 * S)


@pytest.mark.parametrize(
    "now, moment",
    [
        (Moment(5, 20 * S, trusted=False), THEN),
        (Moment(1_060 * S, 20 * S, trusted=True), THEN._replace(trusted=False)),
        (Moment(900 * S, 20 * S, trusted=True), THEN),  # the clock was set back
    ],
)
def test_if_the_clock_cannot_be_trusted_no_time_has_passed(now, moment):
    assert restored(now, "boot-2", moment=moment).since == 10 * S


def test_an_order_ends_after_a_reboot_when_it_would_have():
    state = OutputState(Held(1.0, "command", 500 * S), Order(1.0, 530 * S))
    found = restored(Moment(1_020 * S, 5 * S, trusted=True), "boot-2", state)
    assert found.order.until == 15 * S
    assert found.held.since == -15 * S


@pytest.mark.parametrize("data", [b"", b"[]", b'{"boot": 1}', b"\xff"])
def test_a_state_that_cannot_be_read_is_ignored_and_logged(data, caplog):
    good = save_state("rule/hot", PENDING, THEN, "b")
    found = load_states({"rule/bad": data, good.name: good.data}, "rule/", RuleState, THEN, "b")
    assert found == {"hot": PENDING}
    assert "the saved state of rule/bad cannot be read" in caplog.text
