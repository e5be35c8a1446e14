import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge_agent.errors import LogError
from edge_agent.events import CursorMove, Event, Reading, lifecycle
from edge_agent.store.check import LogCheck
from edge_agent.store.connection import CHECKPOINT_PAGES
from edge_agent.store.event_log import EventLog
from edge_agent.store.event_rows import AS_JSON
from edge_agent.store.reader import LATEST_ALERTS, LogReader
from edge_agent.store.time_repair import TimeRepair
from edge_agent.store.write_ahead import lengthen

WAL = 4_000_000  # bytes


def test_events_come_back_in_order_with_ascending_offsets(log, reader, record):
    record(10)
    events = reader.read_after(0, 100)
    assert [event.offset for event in events] == list(range(1, 11))
    assert [event.data for event in events] == [f'{{"n":{n}}}' for n in range(10)]


def test_reading_starts_behind_the_offset_and_ends_at_the_limit(log, reader, record):
    record(10)
    assert [event.offset for event in reader.read_after(4, 3)] == [5, 6, 7]
    assert reader.read_after(10, 3) == []


@pytest.mark.parametrize("untrusted", [set(), {0}, {99}, {100}, set(range(250))])
def test_of_many_events_each_has_its_own_time(log, reader, clock, untrusted):
    times = [clock.now()._replace(trusted=n not in untrusted) for n in range(250)]
    events = [Event("reading", "air", time, {"n": n}) for n, time in enumerate(times)]
    with log.transaction():
        log.append(events)
    found = reader.read_after(0, 1000)
    assert [one.data for one in found] == [f'{{"n":{n}}}' for n in range(250)]
    assert {n for n, one in enumerate(found) if one.boot is not None} == untrusted
    assert all((one.uptime is None) == (one.boot is None) for one in found)


@pytest.mark.parametrize(
    "text", ['quote " backslash \\', "°C µ 温度", "\0control\n", "x" * 100_000]
)
def test_any_text_survives_the_way_through_the_database(log, reader, clock, text):
    with log.transaction():
        log.append([lifecycle(clock.now(), text)])
    assert msgspec.json.decode(reader.read_after(0, 1)[0].data) == {"what": text}


def test_an_offset_is_never_given_twice_even_after_a_full_trim_and_restart(path, log, event):
    with log.transaction():
        log.append([event(n) for n in range(5)])
        log.execute("DELETE FROM event")
    log.close()
    again = EventLog.open(path, boot="other")
    with again.transaction():
        assert again.append([event()]) == 6
    again.close()


def test_a_cursor_never_goes_back(log, reader):
    for offset in (5, 3):
        with log.transaction():
            log.account.move(CursorMove("mqtt", offset, {}))
    assert reader.cursor("mqtt") == 5
    assert reader.cursor("kafka") is None


def test_what_fails_inside_a_transaction_leaves_nothing_behind(log, reader, event):
    with pytest.raises(ValueError, match="no JSON"), log.transaction():
        log.append([event()])
        raise ValueError("no JSON")
    assert reader.read_after(0, 10) == []


def test_the_log_id_is_random_and_stays(path, tmp_path, log, clock):
    log.close()
    again = EventLog.open(path, boot=clock.boot)
    other = EventLog.open(tmp_path / "other.db", boot=clock.boot)
    assert again.id == log.id != other.id
    again.close()
    other.close()


def test_only_untrusted_times_carry_boot_and_uptime(log, reader, clock, event):
    clock.advance(7)
    clock.trusted = False
    with log.transaction():
        log.append([event()])
    clock.trusted = True
    with log.transaction():
        log.append([event()])
    first, second = reader.read_after(0, 2)
    assert (first.boot, first.uptime) == (1, 7_000_000)
    assert (second.boot, second.uptime) == (None, None)


def test_untrusted_times_of_this_boot_are_repaired(log, reader, clock, event):
    clock.trusted = False
    with log.transaction():
        log.append([event()])
    clock.advance(60)
    clock.step(1_000_000)
    clock.trusted = True
    measured = clock.now().time - 60_000_000
    with log.transaction():
        (note,) = TimeRepair().step(log, clock.now())
    assert note.data == {"what": "clock_set", "repaired": 1}
    assert reader.read_after(0, 1)[0].time == measured
    assert reader.read_after(0, 1)[0].boot is None


def test_times_of_another_boot_cannot_be_repaired_and_stay_marked(path, log, clock, event):
    clock.trusted = False
    with log.transaction():
        log.append([event()])
    log.close()
    clock.trusted = True
    after_reboot = EventLog.open(path, boot="another boot")
    with after_reboot.transaction():
        assert TimeRepair().step(after_reboot, clock.now()) == []
    after_reboot.close()
    assert LogReader(path).read_after(0, 1)[0].boot == 1


def test_the_latest_alert_of_each_rule_is_found(log, reader, event):
    with log.transaction():
        log.append([event(n, "alert") for n in (0, 1, 0)])
        log.append([event(0)])
    found = {source: logged.offset for source, logged in reader.latest_alerts().items()}
    assert found == {"source0": 3, "source1": 2}


def test_the_latest_alerts_are_found_without_reading_the_history(log):
    plan = log.execute(f"EXPLAIN QUERY PLAN {AS_JSON} {LATEST_ALERTS}")
    assert not [row for row in plan if row[3] == "SCAN event"]


def test_the_latest_values_of_a_device_are_those_of_its_last_reading_that_had_any(
    log, reader, clock
):
    readings = [
        Reading("rain", clock.now(), {"precipitation": 1.5}),
        Reading("rain", clock.now(), {"precipitation": 2.25}),
        Reading("rain", clock.now(), {}, "not_ready"),
        Reading("water", clock.now(), {"volume": 7.0}),
    ]
    with log.transaction():
        log.append([reading.event() for reading in readings])
    assert reader.latest_values("rain") == {"precipitation": 2.25}
    assert reader.latest_values("wind") == {}


def test_every_commit_is_synchronised_with_the_disk(log):
    assert log.execute("PRAGMA synchronous") == [(2,)]
    assert log.execute("PRAGMA journal_mode") == [("wal",)]


def test_a_database_from_a_newer_version_is_refused_untouched(path, log, clock):
    log.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(LogError, match=r"newer edge-agent .*version 99.*install that version"):
        EventLog.open(path, boot=clock.boot)
    assert path.read_bytes() == before


def test_a_second_writer_is_refused_with_the_remedy(path, log, clock):
    with pytest.raises(LogError, match=r"another edge-agent writes this log.*systemctl stop"):
        EventLog.open(path, boot=clock.boot)


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path, clock):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match=r"cannot write to .*file.*--set log.path"):
        EventLog.open(tmp_path / "file" / "events.db", boot=clock.boot)


def test_a_directory_in_the_databases_place_is_one_clear_line(tmp_path, clock):
    (tmp_path / "events.db").mkdir()
    with pytest.raises(LogError, match="this is a directory, the event log needs a file"):
        EventLog.open(tmp_path / "events.db", boot=clock.boot)


def test_reading_a_log_that_is_not_there_says_so(tmp_path):
    with pytest.raises(LogError, match="no event log yet"):
        LogReader(tmp_path / "none.db")


def test_a_file_that_is_removed_meanwhile_does_not_disturb_the_stats(reader, monkeypatch, tmp_path):
    there = [tmp_path / "events.db", tmp_path / "events.db.salvage-wal"]
    monkeypatch.setattr(Path, "glob", lambda *_: there)
    assert reader.stats().bytes == there[0].stat().st_size


def open_files(directory):
    """Return the files in a directory that this process has open."""
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [link for link in links if link.startswith(str(directory))]


OPENING = {
    "write": lambda path: EventLog.open(path, boot="a boot"),
    "read": LogReader,
    "check": lambda path: LogCheck(path, print),
}


@pytest.mark.parametrize("opened", OPENING.values(), ids=OPENING)
def test_a_file_that_is_no_log_is_closed(path, opened):
    path.write_bytes(b"my shopping list" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        opened(path)
    assert open_files(path.parent) == []


def test_the_database_of_another_program_is_closed(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE shopping (item)")
    with pytest.raises(LogError, match="another program"):
        EventLog.open(path, boot="a boot")
    assert open_files(path.parent) == []


def test_the_write_ahead_log_is_as_long_from_the_start_as_it_gets(log, event):
    log.limit_wal(WAL)
    begin = log.wal_size()
    for n in range(CHECKPOINT_PAGES):
        with log.transaction():
            log.append([event(n) for n in range(10)])
        assert log.wal_size() == begin, f"it grew in commit {n}"


def test_a_kill_or_a_power_cut_before_the_first_frame_costs_nothing(path, log, record):
    record(10)
    log.close()
    again = EventLog.open(path, boot="other")
    again.limit_wal(WAL)
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    content = path.with_name("events.db-wal").read_bytes()
    assert content.strip(b"\0") == b"" != content
    copy.with_name("copy.db-wal").write_bytes(content)
    with closing(EventLog.open(copy, boot="other")) as copied:
        assert copied.last_offset() == 10
    again.close()


def test_no_zeros_are_written_behind_a_write_ahead_log_that_is_too_long_already(path):
    wal = path.with_name("events.db-wal")
    lengthen(wal, 10)
    assert not wal.exists()
    wal.write_bytes(b"12345")
    lengthen(wal, 3)
    assert wal.read_bytes() == b"12345"
