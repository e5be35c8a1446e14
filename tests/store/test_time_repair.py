"""Events get their true time once the clock is set: a little at a time, and all of them."""

import json
from contextlib import closing

import pytest

from edge_agent.events import CursorMove
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import TRIM_SECONDS
from edge_agent.store.retention import Retention
from edge_agent.store.time_repair import PAUSE, SLICE, TimeRepair
from edge_agent.store.untrusted import SINCE

LATE = 1_000_000.0  # seconds by which the clock is wrong at first


@pytest.fixture
def late(clock):
    """A clock that is not set yet."""
    clock.trusted = False
    return clock


def set_right(clock):
    clock.step(LATE)
    clock.trusted = True


def rows(path):
    with closing(LogReader(path)) as reader:
        return reader.read_after(0, 10**6)


def wrong(path):
    return [row for row in rows(path) if row.boot is not None]


def clock_sets(path):
    notes = (json.loads(row.data) for row in rows(path) if row.kind == "lifecycle")
    return [note["repaired"] for note in notes if note["what"] == "clock_set"]


def finish(desk, path):
    for _ in range(50):
        if clock_sets(path):
            return
        desk.after(PAUSE)


def test_more_events_than_one_transaction_repairs_are_repaired_in_several(
    recording, path, late, event
):
    desk = recording(interval=0)
    desk.put([event(n) for n in range(3 * SLICE)])
    desk.after(1)
    set_right(late)
    desk.put(event())
    desk.after(1)
    assert 0 < len(wrong(path)) < 3 * SLICE
    assert clock_sets(path) == []
    finish(desk, path)
    assert wrong(path) == []
    assert clock_sets(path) == [3 * SLICE]
    assert {row.time for row in rows(path)[: 3 * SLICE]} == {late.now().time - late.now().uptime}


def test_what_a_kill_leaves_undone_is_done_after_the_next_boot(recording, path, late, event):
    desk = recording(interval=0)
    desk.put([event(n) for n in range(2 * SLICE)])
    desk.after(1)
    set_right(late)
    measured = late.now().time - late.now().uptime
    desk.put(event())
    desk.after(0.01)
    desk.recorder._log.abandon()
    late.boot, late.trusted = "the next boot", False
    next_one = recording(interval=0)
    next_one.put(event())
    next_one.after(1)
    finish(next_one, path)
    assert {row.time for row in rows(path)[: 2 * SLICE]} == {measured}
    assert clock_sets(path) == [2 * SLICE]


def test_no_history_expires_before_its_time_is_known_to_be_right(recording, path, late, event):
    desk = recording(interval=0, retention=Retention(3600, 10**9))
    desk.put([event(n) for n in range(3 * SLICE)])
    desk.after(1)
    desk.put(CursorMove("mqtt", rows(path)[-1].offset, {}))
    set_right(late)
    desk.after(TRIM_SECONDS)
    finish(desk, path)
    assert rows(path)[0].offset == 1


def test_only_the_events_of_this_boot_are_looked_at(path, late, event):
    log = EventLog.open(path, boot="before")
    with log.transaction():
        log.append([event(n) for n in range(SLICE)])
    log.close()
    log = EventLog.open(path, boot=late.boot)
    with log.transaction():
        log.append([event(n) for n in range(5)])
    set_right(late)
    with log.transaction():
        (note,) = TimeRepair().step(log, late.now())
    assert note.data["repaired"] == 5
    assert len(wrong(path)) == SLICE
    log.close()


def test_events_that_an_older_version_has_logged_in_this_boot_are_found(path, late, event):
    log = EventLog.open(path, boot=late.boot)
    with log.transaction():
        log.append([event(n) for n in range(5)])
        log.execute("DELETE FROM saved_state WHERE name = ?", (SINCE,))
    set_right(late)
    with log.transaction():
        (note,) = TimeRepair().step(log, late.now())
    assert note.data["repaired"] == 5
    log.close()


def test_events_after_a_repair_are_repaired_in_their_turn(path, late, event):
    log, repair = EventLog.open(path, boot=late.boot), TimeRepair()
    for _ in range(2):
        late.trusted = False
        with log.transaction():
            assert repair.step(log, late.now()) == []
            log.append([event(n) for n in range(5)])
        repair.committed()
        set_right(late)
        with log.transaction():
            (note,) = repair.step(log, late.now())
        repair.committed()
        assert note.data["repaired"] == 5
        with log.transaction():
            assert repair.step(log, late.now()) == []
        repair.committed()
        assert repair.settled
    log.close()


def test_a_step_whose_transaction_fails_has_changed_nothing(path, late, event):
    log, repair = EventLog.open(path, boot=late.boot), TimeRepair()
    with log.transaction():
        log.append([event()])
    set_right(late)
    with pytest.raises(KeyboardInterrupt), log.transaction():
        repair.step(log, late.now())
        raise KeyboardInterrupt
    with log.transaction():
        (note,) = repair.step(log, late.now())
    assert note.data["repaired"] == 1
    log.close()
