"""What is saved of a sink beside its account."""

import msgspec
import pytest

from edge_agent.clock import ManualClock
from edge_agent.deliver.sink_state import NoticeWriter, StateWriter


class Saved:
    """A writer on a clock that is moved by hand, and what it saved."""

    def __init__(self):
        self.clock = ManualClock()
        self.states = []
        self.writer = StateWriter("cloud", self.put, self.clock)

    def put(self, state):
        value = msgspec.json.decode(state.data)
        self.states.append(value.get("text", value.get("available")))

    def after(self, seconds):
        self.clock.advance(seconds)
        return self.writer


@pytest.fixture
def saved():
    return Saved()


def test_only_changes_are_saved(saved):
    for _ in range(5):
        saved.writer.delivered()
    assert saved.states == [True]


def test_an_outage_is_saved_with_its_reason_and_so_is_its_end(saved):
    saved.writer.delivered()
    saved.after(1).failed("no route")
    saved.after(1).delivered()
    assert saved.states == [True, "no route", False, True]


def test_a_long_outage_costs_a_row_a_minute_whatever_the_reasons(saved):
    saved.writer.delivered()
    for n in range(300):
        saved.after(1).failed(f"reason {n}")
    assert saved.states[:3] == [True, "reason 0", False]
    assert saved.states[3:] == [f"reason {n}" for n in (60, 120, 180, 240)]


def test_a_refusal_is_an_error_but_no_outage(saved):
    saved.writer.delivered()
    saved.writer.refused("too large")
    assert saved.states == [True, "too large"]


def test_a_notice_is_saved_if_it_changes():
    states = []
    writer = NoticeWriter("cloud", states.append)
    for text in ("", "", "old version", "old version", ""):
        writer.put(text)
    assert [msgspec.json.decode(state.data) for state in states] == ["", "old version", ""]
