"""The offsets that have no event any more take little room, and stay accounted for."""

import pytest

from edge_agent.events import CursorMove, Subscription
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import open_log, salvage
from edge_agent.store.reader import LogReader
from edge_agent.store.retention import Retention

READINGS = Subscription("mqtt", frozenset({"reading"}))


@pytest.fixture
def readings_only(log):
    """A log that only has a sink for readings."""
    with log.transaction():
        log.account.register([READINGS], 0)
    return log


def vacant(log):
    return log.execute("SELECT first, last, lost FROM vacant ORDER BY first")


def fill(log, clock, kind):
    """Trim a log without room until it has none of a kind."""
    now = clock.now()
    while log.execute("SELECT 1 FROM event WHERE kind = ?", (kind,)):
        assert Retention(1e9, 1).trim(log, now, now.time)


def dropped(path):
    reader = LogReader(path)
    try:
        return reader.accounts()["mqtt"].dropped
    finally:
        reader.close()


def test_ranges_that_touch_become_one(log):
    with log.transaction():
        log.vacant.note([(5, 6), (9, 9)], lost=False)
        log.vacant.note([(1, 4), (7, 8), (12, 12)], lost=False)
    assert vacant(log) == [(1, 9, False), (12, 12, False)]


def test_what_an_account_counts_stays_apart_from_what_none_does(log):
    with log.transaction():
        log.vacant.note_dropped(range(1, 7), awaited=[3, 4])
        log.vacant.note([(7, 7)], lost=False)
    assert vacant(log) == [(1, 2, False), (3, 4, True), (5, 7, False)]


def test_kinds_that_no_sink_wants_leave_one_range(readings_only, record, clock):
    record(1)
    for _ in range(50):
        record(1, "aggregate")
        record(1, "output")
    fill(readings_only, clock, "output")
    assert vacant(readings_only) == [(2, 101, False)]


def test_ranges_go_with_the_history_before_them(readings_only, record, clock):
    record(1)
    record(10, "aggregate")
    last = record(1)
    fill(readings_only, clock, "aggregate")
    assert vacant(readings_only) == [(2, last - 1, False)]
    with readings_only.transaction():
        readings_only.account.move(CursorMove("mqtt", last, {}, READINGS.kinds))
    fill(readings_only, clock, "reading")
    assert vacant(readings_only) == []


def test_a_salvage_does_not_count_what_a_log_that_went_back_has_left_out(path, clock, event):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.register([READINGS], 0)
        log.append([event()])
    log.mark.note(reserved=5000, given=1)
    log.abandon()
    clock.boot = "the next boot"
    log = open_log(path, clock)
    assert dropped(path) == {}
    with log.transaction():
        log.append([event()])
    fill(log, clock, "gap")
    log.close()
    salvage(path, clock, log.inode).close()
    assert dropped(path) == {}


def test_the_row_of_a_vacant_offset_is_not_taken_from_a_page_that_none_leads_to(path, clock, event):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.register([READINGS], 0)
        log.append([event(n) for n in range(2000)])
        log.vacant.note([(500, 509)], lost=False)
    log.close()
    spoil_branches(path)
    log = salvage(path, clock, log.inode)
    found = log.execute('SELECT count(*), sum("offset" BETWEEN 500 AND 509) FROM event')
    log.close()
    assert found == [(2000 - 10 + 2, 0)], "and the gap and the note of the salvage"
    assert dropped(path) == {}


def spoil_branches(path, size=1024):
    """Damage each page from which others hang."""
    content = bytearray(path.read_bytes())
    for at in range(size, len(content), size):
        if content[at] == 5:
            content[at : at + size] = b"\xa5" * size
    path.write_bytes(content)


@pytest.mark.parametrize("lost", [False, True])
def test_a_range_that_cannot_be_is_damage(path, clock, log, lost):
    with log.transaction():
        log.execute("INSERT INTO vacant VALUES (5, 3, ?)", (lost,))
    log.close()
    clock.boot = "the next boot"
    open_log(path, clock).close()
    assert (path.parent / "events.db.damaged-1").exists()
