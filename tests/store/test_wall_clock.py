"""A clock that is wrong deletes nothing, and one that steps says so."""

import json
from contextlib import closing

import pytest

from edge_agent.events import CursorMove
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import TRIM_SECONDS
from edge_agent.store.retention import Retention
from edge_agent.store.wall_clock import last_time

YEAR = 365 * 86400
DAY = 86400
A_DAY = Retention(DAY, 10**9)


def rows(path):
    reader = LogReader(path)
    try:
        return reader.read_after(0, 10**6)
    finally:
        reader.close()


def record(desk, event):
    desk.put(event)
    desk.after(1)


def steps(path):
    notes = (json.loads(row.data) for row in rows(path) if row.kind == "lifecycle")
    return [note["seconds"] for note in notes if note["what"] == "clock_stepped"]


def deliver(desk, path):
    desk.put(CursorMove("mqtt", rows(path)[-1].offset, {}))
    desk.after(TRIM_SECONDS)


@pytest.mark.parametrize("seconds", [YEAR, -YEAR, 1])
def test_a_step_of_the_clock_is_an_event(recording, path, clock, event, seconds):
    desk = recording(interval=0)
    record(desk, event())
    clock.step(seconds)
    record(desk, event())
    assert steps(path) == [seconds]
    record(desk, event())
    assert steps(path) == [seconds]


def test_what_only_took_long_or_set_the_clock_is_no_step(recording, path, clock, event):
    clock.trusted = False
    desk = recording(interval=0)
    record(desk, event())
    clock.step(YEAR)
    clock.trusted = True
    record(desk, event())
    clock.advance(YEAR)
    record(desk, event())
    assert steps(path) == []


def test_history_does_not_go_because_the_clock_jumped(recording, path, clock, event):
    desk = recording(interval=0, retention=A_DAY)
    record(desk, event())
    clock.step(YEAR)
    record(desk, event())
    deliver(desk, path)
    assert rows(path)[0].offset == 1


def test_history_does_not_go_because_the_clock_was_wrong_at_the_start(
    recording, path, clock, event
):
    first = recording(interval=0, retention=A_DAY)
    record(first, event())
    first.stop()
    clock.step(YEAR)
    second = recording(interval=0, retention=A_DAY)
    record(second, event())
    deliver(second, path)
    assert rows(path)[0].offset == 1


@pytest.mark.parametrize("seconds", [0, YEAR, -DAY // 2])
def test_history_goes_once_it_has_been_kept_for_long_enough(recording, path, clock, event, seconds):
    desk = recording(interval=0, retention=A_DAY)
    record(desk, event())
    deliver(desk, path)
    clock.step(seconds)
    desk.after(DAY - 2 * TRIM_SECONDS)
    assert rows(path)[0].offset == 1
    desk.after(DAY + 3 * TRIM_SECONDS)
    assert 1 not in [row.offset for row in rows(path)]


def test_the_last_time_that_can_be_trusted_is_known_behind_any_number_of_others(
    recording, path, clock, event, monkeypatch
):
    monkeypatch.setattr("edge_agent.store.wall_clock.RECENT", 5)
    desk = recording(interval=0)
    record(desk, event())
    desk.stop()
    last = rows(path)[-1].time
    clock.trusted = False
    for boot in ("second", "third"):
        clock.boot = boot
        desk = recording(interval=0)
        record(desk, [event(n) for n in range(20)])
        desk.stop()
    with closing(open_log(path, clock)) as log:
        assert last_time(log.execute) == last
        log.execute("UPDATE event SET boot = 1, uptime = 1")
        assert last_time(log.execute) == last
