"""`<path>.lock` survives any power cut; if it is lost all the same, no offset is given twice."""

import os

import pytest

from edge_agent.clock import ManualClock
from edge_agent.store import opening
from edge_agent.store.mark import BLOCK, COPIES, SIZE, MarkFile
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.salvage import HOLE


@pytest.fixture
def lock(path):
    return path.with_name("events.db.lock")


def spoil(file, at):
    with file.open("r+b") as opened:
        opened.seek(at)
        opened.write(b"\xa5" * SIZE)


def known(path):
    mark = MarkFile.lock(path)
    mark.close()
    return mark.value


def started(path, boot):
    return open_log(path, ManualClock(boot=boot))


def gaps(path):
    reader = LogReader(path)
    try:
        return [event.data for event in reader.read_kinds({"gap"}, 0, 10**12, 10)]
    finally:
        reader.close()


@pytest.mark.parametrize("torn", COPIES)
@pytest.mark.parametrize("writes", [2, 3])
def test_a_torn_copy_costs_at_most_the_last_write(path, lock, torn, writes):
    mark = MarkFile.lock(path)
    for n in range(1, writes + 1):
        mark.note(log="a", reserved=n)
    mark.close()
    spoil(lock, torn)
    assert known(path).reserved in {writes - 1, writes}


def test_what_the_disk_has_for_sure_is_never_written_over_by_what_it_may_forget(path, monkeypatch):
    mark = MarkFile.lock(path)
    mark.reserve(5)
    sure, written = mark.value, set()
    real = os.pwrite
    monkeypatch.setattr("os.pwrite", lambda file, data, at: (written.add(at), real(file, data, at)))
    for n in range(6, 10):
        mark.gave(n)
    mark.close()
    (at,) = written
    spoil(path.with_name("events.db.lock"), at)
    assert known(path) == sure


def test_what_a_killed_process_has_noted_last_is_known(path):
    mark = MarkFile.lock(path)
    mark.reserve(5)
    mark.gave(7)
    mark.close()
    assert known(path).given == 7


@pytest.mark.parametrize("loss", ["spoiled", "empty", "deleted"])
def test_if_nothing_is_known_of_a_log_offsets_go_on_far_above_and_a_gap_says_so(
    path, lock, event, loss, caplog
):
    log = started(path, "one")
    with log.transaction():
        log.append([event(n) for n in range(50)])
    log.close()
    forget(lock, loss)
    log = started(path, "two")
    with log.transaction():
        assert log.append([event()]) > 50 + HOLE
    log.close()
    (gap,) = gaps(path)
    assert gap.startswith('{"reason":"went_back","count":0,"ranges":[[51,')
    assert "events.db.lock cannot be read" in caplog.text
    started(path, "two").close()
    assert len(gaps(path)) == 1


def forget(lock, loss):
    if loss == "spoiled":
        for at in COPIES:
            spoil(lock, at)
    elif loss == "empty":
        lock.write_bytes(b"")
    else:
        lock.unlink()


def test_an_empty_log_without_a_mark_begins_at_its_beginning(path, lock, event):
    started(path, "one").close()
    lock.unlink()
    log = started(path, "one")
    with log.transaction():
        assert log.append([event()]) == 1
    log.close()


def test_a_start_that_is_killed_before_it_leaves_offsets_out_leaves_them_out_later(
    path, event, monkeypatch
):
    log = started(path, "one")
    with log.transaction():
        log.append([event(n) for n in range(50)])
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with log.transaction():
        given = log.append([event()])
    log.mark.write(log.mark._changed(given=50))  # what the disk has may be older
    log.abandon()
    path.write_bytes(before)
    path.with_name("events.db-wal").unlink(missing_ok=True)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(opening, "_skip", killed)
        started(path, "two")
    log = started(path, "two")
    with log.transaction():
        assert log.append([event()]) > max(given, BLOCK)
    log.close()


def killed(*_):
    raise KeyboardInterrupt
