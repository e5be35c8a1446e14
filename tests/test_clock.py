"""Whom the agent believes what time it is."""

import pytest

from edge_agent import clock
from edge_agent.clock import BUILT, SystemClock


@pytest.fixture
def chip(monkeypatch, tmp_path):
    """A machine whose clock was set by its chip alone; a function: let the chip show a time."""
    monkeypatch.setattr(clock, "_kernel_says_synchronised", lambda: False)
    monkeypatch.setattr(clock, "SYNCHRONISED", tmp_path / "absent")
    monkeypatch.setattr(clock, "_set_by_chip", lambda: True)
    return lambda micros: monkeypatch.setattr(clock.time, "time_ns", lambda: micros * 1000)


@pytest.mark.parametrize("time", [0, 1_500_000_000_000_000, BUILT - 1])
def test_a_clock_chip_with_an_empty_battery_is_not_believed(chip, time):
    chip(time)
    assert not SystemClock().now().trusted


def test_a_clock_chip_is_believed_from_when_the_agent_was_built(chip):
    chip(BUILT)
    assert SystemClock().now().trusted


def test_a_clock_chip_is_not_believed_if_the_log_has_later_events(chip):
    chip(BUILT)
    system = SystemClock()
    assert system.now().trusted
    system.not_before(BUILT + 1)
    assert not system.now().trusted
    chip(BUILT + 1)
    system.not_before(0)
    assert system.now().trusted


def test_what_is_synchronised_is_believed_whatever_the_log_has(chip, monkeypatch):
    chip(BUILT)
    system = SystemClock()
    system.not_before(BUILT + 1)
    monkeypatch.setattr(clock, "_kernel_says_synchronised", lambda: True)
    system.not_before(0)
    assert system.now().trusted
