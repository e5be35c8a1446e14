"""The check of the whole log runs beside the work, and writes over nothing meanwhile."""

from contextlib import closing

import pytest

from edge_agent.events import Subscription
from edge_agent.store.check import LogCheck, Sound, Unreadable
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from tests.store.checked import report_of

CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"
SPOIL = """UPDATE event SET data = '{"n": 1' WHERE "offset" = 45"""


@pytest.fixture
def filled(path, clock, event):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
        log.append([event(n) for n in range(50)])
    log.close()
    return path


def spoil(path, clock):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.execute(SPOIL)
    log.close()


def test_a_start_does_not_read_all_events(filled, clock):
    spoil(filled, clock)
    clock.boot = "the next boot"
    with closing(open_log(filled, clock)) as log:
        assert not log.checked
        assert not filled.with_name("events.db.damaged-1").exists()


def test_the_check_reports_what_cannot_be_read(filled, clock):
    spoil(filled, clock)
    (found,) = report_of(filled)
    assert isinstance(found, Unreadable)
    assert found.inode == filled.stat().st_ino


def test_a_sound_log_is_checked_once_in_a_boot(recording, filled, clock):
    desk = recording()
    desk.put(*report_of(filled))
    assert desk.recorder._log.checked
    desk.stop()
    with closing(open_log(filled, clock)) as log:
        assert log.checked
    clock.boot = "the next boot"
    with closing(open_log(filled, clock)) as log:
        assert not log.checked


def test_the_check_goes_on_until_the_log_is_sound_or_replaced(filled, clock, monkeypatch):
    spoil(filled, clock)
    monkeypatch.setattr("edge_agent.store.check.AGAIN", 0)
    reports = []

    def report(found):
        reports.append(found)
        if len(reports) == 2:
            filled.with_name("other").write_bytes(filled.read_bytes())
            filled.with_name("other").rename(filled)

    LogCheck(filled, report).run()
    assert [type(one) for one in reports] == [Unreadable, Unreadable]


def test_a_report_about_a_log_that_was_replaced_says_nothing(recording, filled):
    desk = recording()
    desk.put(Sound(filled.stat().st_ino + 1))
    assert not desk.recorder._log.checked


def test_what_the_check_finds_is_salvaged_while_the_agent_works(recording, filled, clock, event):
    spoil(filled, clock)
    desk = recording(interval=0)
    desk.put(event(99))
    desk.after(1)
    desk.put(*report_of(filled))
    desk.put(event(100))
    desk.after(1)
    with closing(LogReader(filled)) as reader:
        data = [one.data for one in reader.read_after(0, 1000)]
    assert filled.with_name("events.db.damaged-1").exists()
    assert '{"n":99}' in data
    assert '{"n":100}' in data


def test_no_page_of_the_database_is_written_over_before_it_is_checked(filled, clock, event):
    with closing(open_log(filled, clock)) as log:
        check = LogCheck(filled, lambda _: None)
        before = filled.read_bytes()
        with log.transaction():
            log.append([event(n) for n in range(500)])
        log.execute("PRAGMA busy_timeout = 0")
        log.execute(CHECKPOINT)
        assert filled.read_bytes() == before
        check._is_sound()
        log.execute(CHECKPOINT)
        assert filled.read_bytes() != before


def test_a_check_makes_way_for_a_log_that_grows_and_begins_again_later(filled, monkeypatch):
    reports = []
    check = LogCheck(filled, reports.append)
    check._connection.set_progress_handler(check.make_way, 1)
    assert not check._is_sound()
    assert reports == []
    monkeypatch.setattr("edge_agent.store.check.AGAIN", 0)
    check.run()
    assert [type(one) for one in reports] == [Sound]


def test_a_check_that_is_asked_to_stop_does_not_begin_again(filled):
    reports = []
    check = LogCheck(filled, reports.append)
    check._connection.set_progress_handler(check.stop, 1)
    check.run()
    assert reports == []


def test_the_recorder_says_when_the_write_ahead_log_is_too_long(recording, filled, event):
    crowds = []
    desk = recording(interval=0)
    desk.recorder._crowded = lambda: crowds.append(1)
    with closing(LogReader(filled)) as reader, reader.snapshot():
        reader.last_offset()
        desk.put([event(n) for n in range(100)])
        assert crowds == []
        while not crowds and desk.recorder._log.wal_size() < 10**8:
            desk.put([event(n) for n in range(5000)])
    assert crowds
