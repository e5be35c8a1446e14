"""After a salvage everybody goes on in the new log, under the old id, and no id is given twice."""

import json
import sqlite3
from contextlib import closing

import pytest

from edge_agent.clock import ManualClock
from edge_agent.events import CursorMove, Subscription
from edge_agent.store import opening, salvage
from edge_agent.store.cursor_moves import ALONE
from edge_agent.store.event_log import EventLog
from edge_agent.store.mark import BLOCK
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Subscriptions, Unreadable
from edge_agent.store.salvage import HOLE, holes
from edge_agent.store.soundness import SQLITE_CORRUPT
from edge_agent.store.tick import GATHER
from tests.store.checked import open_checked


def malformed():
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode = SQLITE_CORRUPT
    return error


def damage(desk):
    desk.spoil()
    desk.put(Unreadable(malformed(), desk.recorder._log.inode))


@pytest.fixture
def desk(recording):
    return recording(interval=0)


def test_a_reader_that_was_open_before_goes_on_in_the_new_log(desk, path, event):
    desk.put(event(1))
    desk.after(GATHER)
    with_old = LogReader(path)
    before = with_old.inode
    damage(desk)
    desk.put(event(2))
    desk.after(GATHER)
    events = with_old.read_kinds({"reading"}, 0, 10**9, 10)
    assert [one.data for one in events] == ['{"n":1}', '{"n":2}']
    assert with_old.inode == path.stat().st_ino != before
    assert with_old.id == desk.recorder._log.id
    with_old.close()


def test_a_snapshot_stays_with_the_log_that_it_began_in(desk, path, event):
    desk.put(event(1))
    desk.after(GATHER)
    reader = LogReader(path)
    with reader.snapshot():
        reader.last_offset()
        damage(desk)
        assert len(reader.read_kinds({"gap"}, 0, 10**9, 10)) == 0
    assert len(reader.read_kinds({"gap"}, 0, 10**9, 10)) == 1
    reader.close()


def test_a_reader_stays_with_its_log_while_there_is_no_other(desk, path, event):
    desk.put(event(1))
    desk.after(GATHER)
    reader = LogReader(path)
    path.rename(f"{path}.away")
    assert len(reader.read_kinds({"reading"}, 0, 10, 10)) == 1
    reader.close()
    path.with_name(f"{path.name}.away").rename(path)


def test_the_gap_event_names_the_log_that_was_replaced(desk, path):
    before = desk.recorder._log.id
    damage(desk)
    (gap,) = LogReader(path).read_kinds({"gap"}, 0, 10**9, 10)
    assert f'"log":"{before}"' in gap.data


def test_an_id_that_cannot_be_read_any_more_is_known_from_the_mark(desk, path):
    before = desk.recorder._log.id
    desk.recorder._log.execute("DELETE FROM log")
    damage(desk)
    assert LogReader(path).id == before


def test_sinks_whose_accounts_are_lost_have_one_again_after_salvage(desk, path, event):
    desk.put(Subscriptions((Subscription("mqtt"),)))
    desk.recorder._log.execute("DELETE FROM account")
    damage(desk)
    desk.after(GATHER)
    moved = desk.announced[-1]
    desk.put(event(), CursorMove("mqtt", moved, {}))
    desk.after(ALONE)
    assert LogReader(path).cursor("mqtt") == moved > HOLE


def test_a_second_salvage_does_not_count_the_hole_of_the_first_as_events(desk, path, event):
    desk.put(event(1))
    desk.after(GATHER)
    damage(desk)
    desk.after(GATHER)
    damage(desk)
    reader = LogReader(path)
    account = reader.accounts()["mqtt"]
    assert account.dropped == {}
    assert account.waiting == len(reader.read_after(0, 100))


def test_ids_given_by_a_log_that_is_salvaged_time_and_again_are_unique(desk, path, event):
    given = {}
    reader = LogReader(path)
    for n in range(5):
        desk.put(event(n))
        desk.after(GATHER)
        for one in reader.read_kinds({"reading", "gap", "lifecycle"}, 0, 10**9, 1000):
            name = (reader.id, one.offset)
            assert given.setdefault(name, one.data) == one.data
        damage(desk)
    assert len({log for log, _ in given}) == 1
    reader.close()


# ── A disk that goes back in time ─────────────────────────────────────────────────────────────────


def recorded(path, boot, event, count):
    """Record as an agent does that ends without closing: return its log, still open."""
    log = open_log(path, ManualClock(boot=boot))
    with log.transaction():
        log.append([event(n) for n in range(count)])
    return log


def gaps(path):
    return [event.data for event in LogReader(path).read_kinds({"gap"}, 0, 10**9, 10)]


def test_no_offset_is_given_twice_after_a_power_cut_that_costs_the_write_ahead_log(path, event):
    log = recorded(path, "one", event, 50)
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with log.transaction():
        given = log.append([event(n) for n in range(909)])
    log.abandon()
    path.write_bytes(before)
    path.with_name("events.db-wal").unlink(missing_ok=True)
    log = open_log(path, ManualClock(boot="two"))
    with log.transaction():
        assert log.append([event()]) > given
    log.close()
    assert gaps(path) == [
        f'{{"reason":"went_back","count":909,"ranges":[[51,{50 + BLOCK}]],"log":"{log.id}"}}'
    ]


@pytest.mark.parametrize("left", ["nothing", "a header", "a part of the first tables"])
def test_a_log_of_which_a_power_cut_leaves_nothing_keeps_its_id_and_names_the_loss(
    path, event, left
):
    log = recorded(path, "one", event, 50)
    wal = path.with_name("events.db-wal")
    content = wal.read_bytes()
    log.abandon()
    path.write_bytes(b"")
    wal.unlink(missing_ok=True)
    if left == "a header":
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = WAL")
    elif left != "nothing":
        wal.write_bytes(content[: 32 + 4 * (1024 + 24)])
    open_log(path, ManualClock(boot="two")).close()
    reader = LogReader(path)
    (gap,) = (json.loads(data) for data in gaps(path))
    assert reader.id == gap["log"] == log.id
    assert (gap["count"], gap["ranges"][0]) == (50, [1, 50])
    reader.close()


def test_a_copy_that_was_put_back_does_not_give_offsets_again_and_the_loss_is_counted(path, event):
    log = recorded(path, "one", event, 50)
    log.close()
    before = path.read_bytes()
    log = recorded(path, "one", event, 30)
    log.close()
    path.write_bytes(before)
    log = open_log(path, ManualClock(boot="one"))
    with log.transaction():
        assert log.append([event()]) > 80
    log.close()
    assert f'{{"reason":"went_back","count":30,"ranges":[[51,80]],"log":"{log.id}"}}' in gaps(path)


def test_a_kill_alone_leaves_no_hole(path, event):
    log = recorded(path, "one", event, 50)
    keep = path.read_bytes(), path.with_name("events.db-wal").read_bytes()
    log.abandon()
    path.write_bytes(keep[0])
    path.with_name("events.db-wal").write_bytes(keep[1])
    log = open_log(path, ManualClock(boot="one"))
    with log.transaction():
        assert log.append([event()]) == 51
    log.close()


class Killed(Exception):
    """The process ends here."""


def killed_before_its_commit(path, boot, event):
    """Start an agent that is killed when its first offsets are reserved, and not committed."""
    log = open_log(path, ManualClock(boot=boot))
    with pytest.raises(Killed), log.transaction():
        log.append([event()])
        raise Killed
    log.abandon()


@pytest.mark.parametrize("recorded_before", [0, 50])
@pytest.mark.parametrize("boot", ["one", "two"])
def test_a_kill_between_the_reservation_and_the_first_commit_leaves_no_hole(
    path, event, recorded_before, boot
):
    recorded(path, "one", event, recorded_before).close()
    killed_before_its_commit(path, boot, event)
    killed_before_its_commit(path, boot, event)
    log = open_log(path, ManualClock(boot=boot))
    with log.transaction():
        assert log.append([event()]) == recorded_before + 1
    log.close()
    assert gaps(path) == []


def test_a_start_that_is_killed_before_it_leaves_lost_offsets_out_gives_none_of_them_again(
    path, event, monkeypatch
):
    log = recorded(path, "one", event, 50)
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes(), path.with_name("events.db.lock").read_bytes()
    with log.transaction():
        given = log.append([event(n) for n in range(30)])
    log.abandon()
    path.with_name("events.db-wal").unlink(missing_ok=True)  # the disk has neither of them
    path.write_bytes(before[0])
    path.with_name("events.db.lock").write_bytes(before[1])
    monkeypatch.setattr(EventLog, "skip_to", dies)
    with pytest.raises(Killed):
        open_log(path, ManualClock(boot="two"))
    monkeypatch.undo()
    log = open_log(path, ManualClock(boot="two"))
    with log.transaction():
        assert log.append([event()]) > given
    log.close()


def dies(*_):
    raise Killed


def dying(step):
    """Return a step that is done, and its process then killed."""

    def last_step(*given):
        step(*given)
        raise Killed

    return last_step


@pytest.mark.parametrize("boot", ["one", "two"])
@pytest.mark.parametrize(
    ("module", "name", "death"),
    [
        (salvage, "complete", lambda _: dies),
        (salvage, "complete", dying),
        (opening, "rescue", dying),
    ],
    ids=["before it is complete", "when it is complete", "before it takes its place"],
)
def test_a_kill_during_a_salvage_leaves_no_hole_but_that_of_the_salvage(
    path, event, monkeypatch, boot, module, name, death
):
    recorded(path, "one", event, 50).close()
    path.write_bytes(path.read_bytes().replace(b'{"n":20}', b'{"n":20!'))
    open_log(path, ManualClock(boot=boot)).abandon()
    monkeypatch.setattr(module, name, death(getattr(module, name)))
    with pytest.raises(Killed):
        opening.salvage(path, ManualClock(boot=boot), path.stat().st_ino)
    monkeypatch.undo()
    open_checked(path, ManualClock(boot=boot)).close()
    assert [gap for gap in gaps(path) if "went_back" in gap] == []


def test_a_copy_that_was_put_back_after_a_kill_is_noticed_though_it_has_a_write_ahead_log(
    path, event
):
    log = recorded(path, "one", event, 50)
    wal = path.with_name("events.db-wal")
    copy = path.read_bytes(), wal.read_bytes()
    with log.transaction():
        given = log.append([event(n) for n in range(30)])
    log.abandon()
    path.write_bytes(copy[0])
    wal.write_bytes(copy[1])
    log = open_log(path, ManualClock(boot="one"))
    with log.transaction():
        assert log.append([event()]) > given
    log.close()
    assert [gap[:34] for gap in gaps(path)] == ['{"reason":"went_back","count":30,"']


def test_a_clean_stop_leaves_no_hole_after_a_boot(path, event):
    recorded(path, "one", event, 50).close()
    log = open_log(path, ManualClock(boot="two"))
    assert log.last_offset() == 50
    log.close()


def test_the_mark_of_another_log_says_nothing(path, event):
    recorded(path, "one", event, 50).close()
    path.unlink()
    log = recorded(path, "one", event, 1)
    assert log.last_offset() == 1
    log.close()


def test_reserving_costs_one_write_for_each_block(path, event, monkeypatch):
    writes = []
    log = EventLog.open(path, boot="one")
    monkeypatch.setattr("os.fdatasync", writes.append)
    for _ in range(2 * BLOCK // 1000 + 1):
        with log.transaction():
            log.append([event()] * 1000)
    assert len(writes) == 2
    log.close()


def test_no_offset_is_committed_that_could_not_be_reserved(path, event, monkeypatch):
    log = EventLog.open(path, boot="one")
    monkeypatch.setattr("os.fdatasync", failing)
    with pytest.raises(OSError, match="EIO"), log.transaction():
        log.append([event()])
    assert log.last_offset() == 0
    log.close()


def failing(_):
    raise OSError(5, "EIO")


@pytest.mark.parametrize(
    ("begin", "last", "covered", "expected"),
    [
        (0, 5, [], [(1, 5)]),
        (0, 5, [(1, 5)], []),
        (2, 9, [(4, 4), (6, 7)], [(3, 3), (5, 5), (8, 9)]),
        (0, 5, [(3, 99)], [(1, 2)]),
        (0, HOLE * 10**6, [(2, HOLE * 10**6)], [(1, 1)]),
        (7, 7, [(1, 2)], []),
        (0, 5, [(7, 9)], [(1, 5)]),
    ],
)
def test_holes_are_what_nothing_covers(begin, last, covered, expected):
    assert holes(begin, last, covered) == expected
