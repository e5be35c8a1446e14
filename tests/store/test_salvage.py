import json
import sqlite3
from contextlib import closing

import pytest

from edge_agent.errors import LogError
from edge_agent.events import CursorMove, Event, Subscription
from edge_agent.store.account import read_accounts
from edge_agent.store.cursor_moves import ALONE
from edge_agent.store.event_log import EventLog
from edge_agent.store.readable import STRIDE, ReadableRows
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Unreadable
from edge_agent.store.retention import Retention
from edge_agent.store.salvage import HOLE
from edge_agent.store.soundness import SQLITE_CORRUPT
from edge_agent.store.tick import GATHER
from tests.store.checked import open_checked


@pytest.fixture
def filled(path, clock, event):
    """A log of 2000 events, half of them delivered, folded into one file."""
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
        log.append([event(n) for n in range(2000)])
        log.account.move(CursorMove("mqtt", 1000, {}))
    log.close()
    return log.id


def damage(path, start, count):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * count)


def malformed():
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode = SQLITE_CORRUPT
    return error


def salvaged(path, clock):
    open_checked(path, clock).close()
    return LogReader(path)


def test_a_sound_log_is_opened_as_it_is(path, clock, filled):
    assert len(salvaged(path, clock).read_after(0, 5000)) == 2000
    assert not list(path.parent.glob("*.damaged-*"))


@pytest.mark.parametrize("text", ['node = "shed"\n', "Küche: Milch, Brot\n" * 100])
def test_a_text_file_in_the_place_of_a_new_log_is_refused_and_stays(path, clock, text):
    path.write_text(text)
    with pytest.raises(LogError, match="a text file, not an event log"):
        open_checked(path, clock)
    assert path.read_text() == text
    assert not list(path.parent.glob("*.damaged-*"))


def test_text_in_the_place_of_a_log_that_was_there_is_set_aside(path, clock):
    open_checked(path, clock).close()
    path.write_text("my shopping list" * 100)
    salvaged(path, clock)
    assert (path.parent / "events.db.damaged-1").exists()


def test_a_file_that_is_no_database_is_set_aside_and_never_deleted(path, clock):
    path.write_bytes(b"\xa5 and more" * 100)
    reader = salvaged(path, clock)
    assert (path.parent / "events.db.damaged-1").read_bytes() == b"\xa5 and more" * 100
    assert [json.loads(e.data).get("what") for e in reader.read_after(0, 9)][-1] == "log_salvaged"


def test_a_damaged_header_does_not_keep_the_agent_from_starting(path, clock, filled):
    damage(path, 28, 30)
    assert salvaged(path, clock).last_offset() >= HOLE
    assert (path.parent / "events.db.damaged-1").exists()


def test_rows_around_a_damaged_page_survive_and_the_hole_is_told(path, clock, filled, recording):
    damage(path, path.stat().st_size - 4 * 4096, 4096)  # some leaf of the event table
    with pytest.raises(sqlite3.DatabaseError) as found:
        LogReader(path).read_after(0, 5000)
    recording = recording()  # the page is far from what opening reads: only a forwarder sees it
    recording.put(Unreadable(found.value, recording.recorder._log.inode))
    reader = LogReader(path)
    kept = [event.offset for event in reader.read_after(0, 5000)]
    gap, note = reader.read_after(0, 5000)[-2:]
    missing = set(range(1001, 2001)) - set(kept)
    assert reader.id == filled
    assert reader.cursor("mqtt") == 1000
    assert json.loads(gap.data)["count"] == len(missing) > 0
    assert len(kept) > 1500
    assert gap.offset > 2000 + HOLE
    assert json.loads(note.data)["set_aside"] == "events.db.damaged-1"


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7])
def test_every_event_that_can_be_read_alone_is_kept(path, clock, filled, part):
    damage(path, int(path.stat().st_size * part) // 1024 * 1024, 1024)
    readable = {offset for offset in range(1, 2001) if is_readable(path, offset)}
    assert 1900 < len(readable) < 2000
    clock.boot = "the next boot"
    reader = salvaged(path, clock)
    assert {event.offset for event in reader.read_kinds({"reading"}, 0, 10**9, 9999)} == readable


def is_readable(path, offset):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        try:
            query = 'SELECT data FROM event WHERE "offset" = ?'
            return database.execute(query, (offset,)).fetchone() is not None
        except sqlite3.DatabaseError:
            return False


class Counting:
    """A database that counts what it is asked."""

    def __init__(self, path):
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self.asked = 0

    def execute(self, *query):
        self.asked += 1
        return self._connection.execute(*query)

    def close(self):
        self._connection.close()


def test_the_offsets_that_a_salvage_left_out_cost_the_next_one_nothing(path, clock, event):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.append([event(n) for n in range(100)])
        log.skip_to(2 * HOLE)
        log.append([event(777_000 + n) for n in range(100)])
    log.close()
    damage(path, path.read_bytes().find(b"777000") // 1024 * 1024, 1024)
    given = [*range(1, 101), *range(2 * HOLE + 1, 2 * HOLE + 101)]
    kept = [offset for offset in given if is_readable(path, offset)]
    assert 150 < len(kept) < 200
    with closing(Counting(path)) as old:
        assert [row[0] for row in ReadableRows(old, path).up_to(given[-1])] == kept
        assert old.asked < 10 * STRIDE


def page_kinds(path, size=1024):
    content = path.read_bytes()
    return {n // size: content[n] for n in range(size, len(content), size)}


def interior_pages(path):
    return [number for number, kind in page_kinds(path).items() if kind == 5]


def test_rows_below_a_damaged_page_inside_the_tree_are_found_in_their_leaves(path, clock, filled):
    for number in interior_pages(path):  # the root of the events included
        damage(path, number * 1024, 1024)
    clock.boot = "the next boot"
    reader = salvaged(path, clock)
    kept = reader.read_kinds({"reading"}, 0, 10**9, 9999)
    assert [event.offset for event in kept] == list(range(1001, 2001)), "history need not be kept"
    assert [json.loads(event.data) for event in kept] == [{"n": n} for n in range(1000, 2000)]
    assert reader.accounts()["mqtt"].dropped == {}
    assert reader.accounts()["mqtt"].waiting == 1000 + 2


def test_rows_below_a_damaged_page_are_found_though_the_accounts_are_lost(
    path, clock, filled, event
):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.append([event(n) for n in range(8000)])
    log.close()
    lose(path, "account")
    damage(path, first_branch(path) * 1024, 1024)
    clock.boot = "the next boot"
    kept = salvaged(path, clock).read_kinds({"reading"}, 0, 10**9, 99_999)
    assert [event.offset for event in kept] == list(range(1, 10_001))


def first_branch(path):
    """Return the page, from 0, below which the first rows are; SQLite still reaches the others."""
    with closing(sqlite3.connect(path)) as database:
        ((root,),) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'")
    page = path.read_bytes()[(root - 1) * 1024 : root * 1024]
    cell = int.from_bytes(page[12:14])
    branch = int.from_bytes(page[cell : cell + 4]) - 1
    assert branch in interior_pages(path)
    return branch


def lose(path, table):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"DELETE FROM {table}")


def test_accounts_that_were_lost_begin_with_the_first_event_that_is_left(path, clock, filled):
    lose(path, "account")
    lose(path, 'event WHERE "offset" < 7')
    spoil_row(path, 1500)
    clock.boot = "the next boot"
    log = open_checked(path, clock)
    with log.transaction():
        log.account.register([Subscription("mqtt")], log.last_offset())
    account = read_accounts(log.execute)["mqtt"]
    log.close()
    assert (account.start, account.dropped) == (6, {"damaged": 1})
    assert account.recorded == 2000 - 6 + 2


@pytest.mark.parametrize("table", ["loss", "saved_state"])
def test_what_was_dropped_stays_counted_though_a_page_with_the_counts_is_lost(
    path, clock, filled, table
):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.drop_unrecorded({"reading": 15}, "disk_full")
    log.close()
    lose(path, table)
    spoil_row(path, 500)
    clock.boot = "the next boot"
    with closing(salvaged(path, clock)) as reader:
        assert reader.accounts()["mqtt"].dropped == {"disk_full": 15}


def spoil_row(path, offset):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE event SET data = '{' WHERE \"offset\" = ?", (offset,))


def test_one_account_that_was_lost_counts_what_was_lost_with_it(path, clock, filled):
    log = EventLog.open(path, boot=clock.boot)
    sinks = [Subscription("mqtt"), Subscription("cloud")]
    with log.transaction():
        log.account.register(sinks, log.last_offset())
    log.close()
    lose(path, "account WHERE sink = 'cloud'")
    spoil_row(path, 1500)
    clock.boot = "the next boot"
    log = open_checked(path, clock)
    with log.transaction():
        log.account.register(sinks, log.last_offset())
    accounts = read_accounts(log.execute)
    log.close()
    assert [accounts[sink].dropped for sink in ("mqtt", "cloud")] == [{"damaged": 1}] * 2
    assert accounts["cloud"].recorded == 2000 + 2


def registered(path, clock, *sinks):
    """Start, after a boot, with these sinks; return the accounts."""
    clock.boot += "another boot, "
    log = open_checked(path, clock)
    with log.transaction():
        log.account.register([Subscription(sink) for sink in sinks], log.last_offset())
    accounts = read_accounts(log.execute)
    log.close()
    return accounts


@pytest.mark.parametrize("lost", [["account"], ["account", "loss", "saved_state"]])
def test_an_account_that_is_lost_later_counts_what_an_earlier_salvage_has_reported(
    path, clock, filled, lost
):
    spoil_row(path, 1400)
    registered(path, clock, "mqtt")
    spoil_row(path, 1500)
    for table in lost:
        lose(path, table)
    mqtt = registered(path, clock, "mqtt")["mqtt"]
    assert (mqtt.start, mqtt.dropped) == (0, {"damaged": 2})
    assert mqtt.recorded == 2000 + 2 + 2, "each salvage records a gap and a note"


def test_what_never_had_an_offset_counts_besides_what_an_account_has_lost(path, clock, filled):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.drop_unrecorded({"reading": 15}, "disk_full")
    log.close()
    spoil_row(path, 1500)
    lose(path, "account")
    dropped = registered(path, clock, "mqtt")["mqtt"].dropped
    assert dropped == {"damaged": 1, "disk_full": 15}


def test_an_account_counts_once_what_two_salvages_have_lost_before_it_is_opened(
    path, clock, filled
):
    spoil_row(path, 1400)
    lose(path, "account")
    clock.boot = "the boot between"
    salvaged(path, clock).close()
    spoil_row(path, 1500)
    assert registered(path, clock, "mqtt")["mqtt"].dropped == {"damaged": 2}


def test_an_account_that_is_lost_alone_counts_the_hole_in_its_history(path, clock, filled):
    registered(path, clock, "mqtt", "cloud")
    lose(path, "account WHERE sink = 'cloud'")
    spoil_row(path, 500)
    accounts = registered(path, clock, "mqtt", "cloud")
    assert [accounts[sink].dropped for sink in ("mqtt", "cloud")] == [{}, {"damaged": 1}]
    assert accounts["cloud"].recorded == 2000 + 2


def test_offsets_that_no_event_had_do_not_count_if_accounts_are_lost(path, clock, filled):
    path.with_name(f"{path.name}.lock").unlink()  # so more than a million offsets are left out
    registered(path, clock, "mqtt")
    spoil_row(path, 1400)
    lose(path, "account")
    assert registered(path, clock, "mqtt")["mqtt"].dropped == {"damaged": 1}


def test_a_row_that_spreads_over_many_pages_is_found(path, clock, filled):
    log = EventLog.open(path, boot=clock.boot)
    long = [Event("reading", "a", clock.now(), {"text": "ä" * n}) for n in range(300, 6000, 371)]
    with log.transaction():
        log.append(long)
    log.close()
    for number in interior_pages(path):
        damage(path, number * 1024, 1024)
    clock.boot = "the next boot"
    found = salvaged(path, clock).read_kinds({"reading"}, 2000, 10**9, 9999)
    assert [json.loads(event.data) for event in found] == [event.data for event in long]


def test_what_was_dropped_before_does_not_come_back_from_its_old_page(path, clock, filled):
    log = EventLog.open(path, boot=clock.boot)
    policy = Retention(3600, 10_000)
    while log.account.owned(0) and policy.trim(log, clock.now(), clock.now().time):
        pass
    left = {row[0] for row in log.execute('SELECT "offset" FROM event')}
    account = read_accounts(log.execute)["mqtt"]
    log.close()
    for number in interior_pages(path):
        damage(path, number * 1024, 1024)
    clock.boot = "the next boot"
    reader = salvaged(path, clock)
    assert {event.offset for event in reader.read_after(0, 9999)} - left <= {
        event.offset for event in reader.read_after(2000 + HOLE, 99)
    }
    assert reader.accounts()["mqtt"].dropped == account.dropped


def test_a_page_that_is_free_is_not_read(path, clock, filled):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.execute('DELETE FROM event WHERE "offset" BETWEEN 1201 AND 1800')
    assert log.execute("PRAGMA freelist_count")[0][0] > 10
    log.close()
    for number in interior_pages(path):
        damage(path, number * 1024, 1024)
    clock.boot = "the next boot"
    kept = {event.offset for event in salvaged(path, clock).read_kinds({"reading"}, 0, 10**9, 9999)}
    assert kept == {*range(1001, 1201), *range(1801, 2001)}


def test_the_oldest_waiting_events_are_counted_if_they_are_lost(path, clock, filled):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.execute('DELETE FROM event WHERE "offset" <= 1100')
    log.close()
    damage(path, path.stat().st_size - 1024, 1024)
    clock.boot = "the next boot"
    reader = salvaged(path, clock)
    lost = 2000 - 1000 - len(reader.read_kinds({"reading"}, 0, 10**9, 9999))
    assert lost >= 100
    assert reader.accounts()["mqtt"].dropped == {"damaged": lost}


def test_the_account_stays_whole_after_salvage(path, clock, filled, recording):
    damage(path, path.stat().st_size - 4 * 4096, 4096)
    recording = recording()
    recording.put(Unreadable(malformed(), recording.recorder._log.inode))
    reader = LogReader(path)
    account = reader.accounts()["mqtt"]
    (gap,) = (event for event in reader.events_after(2000) if event.kind == "gap")
    notes = 2  # the gap, and that the log was salvaged
    assert account.delivered == 1000
    assert account.dropped == {"damaged": json.loads(gap.data)["count"]}
    assert account.recorded == 2000 + notes
    assert reader.cursor("mqtt") == 1000


def test_two_reports_of_the_same_damage_salvage_once(path, clock, filled, recording):
    recording = recording(interval=0)
    recording.spoil()
    report = Unreadable(malformed(), recording.recorder._log.inode)
    recording.put(report)
    recording.put(report)
    assert not (path.parent / "events.db.damaged-2").exists()


def test_events_go_on_after_salvage_with_offsets_nobody_has_seen(
    path, clock, filled, recording, event
):
    recording = recording(interval=0)
    recording.spoil()
    recording.put(Unreadable(malformed(), recording.recorder._log.inode))
    recording.put(event(), CursorMove("mqtt", 1500, {}))
    recording.after(GATHER)
    assert recording.announced[-1] > 2000 + HOLE
    recording.after(ALONE)
    assert LogReader(path).cursor("mqtt") == 1500


def test_a_newer_database_is_not_damage(path, clock, filled):
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(LogError, match="newer"):
        open_checked(path, clock)
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_disk_that_returns_to_the_same_damage_does_not_see_the_same_offsets_again(path, clock):
    lasts = set()
    for _ in range(2):
        path.write_bytes(b"\xa5 and more" * 100)
        reader = salvaged(path, clock)
        lasts.add(reader.last_offset())
        reader.close()
    assert len(lasts) == 2


def test_a_log_behind_a_link_has_one_lock_and_is_salvaged_where_it_lies(path, clock, filled):
    other = path.parent / "elsewhere"
    other.mkdir()
    link = other / "link.db"
    link.symlink_to(path)
    first = open_checked(path, clock)
    with pytest.raises(LogError, match="another edge-agent writes this log"):
        open_checked(link, clock)
    first.close()
    damage(path, 0, 100)
    open_checked(link, clock).close()
    assert link.is_symlink()
    assert (path.parent / "events.db.damaged-1").exists()
    assert list(other.iterdir()) == [link]
