"""The log stays in its place, whoever deletes or replaces its file, while the agent runs or not."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from edge_agent.clock import ManualClock
from edge_agent.errors import LogError
from edge_agent.events import Subscription
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Subscriptions
from edge_agent.store.tick import GATHER

MQTT = Subscription("mqtt", frozenset({"reading", "gap"}), "beginning")


@pytest.fixture
def desk(recording):
    return recording(interval=0)


def delete(path):
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def put_copy_back(path):
    copy = path.with_name("copy")
    with closing(sqlite3.connect(copy)) as to, closing(sqlite3.connect(path)) as log:
        log.backup(to)
    delete(path)
    copy.rename(path)


def put_text(path):
    delete(path)
    path.write_text("my shopping list")


def put_foreign_database(path):
    delete(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO event (name) VALUES ('concert')")


def readings(path):
    reader = LogReader(path)
    try:
        return [(one.offset, one.data) for one in reader.read_kinds({"reading"}, 0, 10**9, 100)]
    finally:
        reader.close()


@pytest.mark.parametrize("harm", [delete, put_copy_back, put_text, put_foreign_database])
def test_a_log_that_is_deleted_or_replaced_while_it_is_written_is_put_back(desk, path, event, harm):
    desk.put(event(1))
    desk.after(GATHER)
    before = desk.recorder._log.id
    harm(path)
    desk.put(event(2))
    desk.after(GATHER)
    assert readings(path) == [(1, '{"n":1}'), (2, '{"n":2}')]
    assert desk.recorder._log.id == before


def test_a_log_that_is_deleted_is_put_back_though_nothing_happens(desk, path, event):
    desk.put(event(1))
    desk.after(GATHER)
    delete(path)
    desk.after(GATHER)
    assert readings(path) == [(1, '{"n":1}')]


def test_what_took_the_logs_place_is_set_aside(desk, path, event):
    desk.put(event(1))
    desk.after(GATHER)
    put_text(path)
    desk.after(GATHER)
    assert path.with_name(f"{path.name}.damaged-1").read_text() == "my shopping list"


def test_a_log_that_cannot_be_put_back_yet_is_put_back_later(desk, path, event, monkeypatch):
    desk.put(event(1))
    desk.after(GATHER)
    delete(path)
    with monkeypatch.context() as disk:
        disk.setattr("edge_agent.store.replacement.protect_database", full)
        desk.put(event(2))
        desk.after(GATHER)
        assert not path.exists()
    desk.after(10)
    assert readings(path) == [(1, '{"n":1}'), (2, '{"n":2}')]


def full(_):
    raise OSError(28, "No space left on device")


def test_a_reader_refuses_another_log(path, event, tmp_path):
    for each in (path, tmp_path / "other.db"):
        log = open_log(each, ManualClock())
        with log.transaction():
            log.append([event()])
        log.close()
    reader = LogReader(path)
    shutil.copy(tmp_path / "other.db", tmp_path / "copy.db")
    (tmp_path / "copy.db").rename(path)
    with pytest.raises(LogError, match="another file is in the log's place"):
        reader.read_kinds({"reading"}, 0, 10, 10)
    with pytest.raises(LogError, match="another file is in the log's place"):
        LogReader(path, reader.id)


def test_a_reader_says_that_a_log_ends_too_early(path, event):
    log = open_log(path, ManualClock())
    with log.transaction():
        log.append([event()])
    log.close()
    with closing(LogReader(path)) as reader:
        reader.require(1)
        with pytest.raises(LogError, match="ends before offset 2"):
            reader.require(2)


def test_a_database_of_another_program_is_refused_untouched(path):
    put_foreign_database(path)
    before = path.read_bytes()
    with pytest.raises(LogError, match="a database of another program"):
        open_log(path, ManualClock())
    assert path.read_bytes() == before


@pytest.mark.parametrize("harm", [put_text, put_foreign_database])
def test_what_is_lost_with_the_accounts_is_counted(recording, path, event, harm):
    first = recording(interval=0)
    first.put(Subscriptions((MQTT,)))
    for n in range(5):
        first.put(event(n))
        first.after(GATHER)
    first.recorder._log.abandon()
    harm(path)
    log = open_log(path, ManualClock())
    with log.transaction():
        log.account.register((MQTT,), log.last_offset())
    with log.transaction():
        log.account.register((MQTT,), log.last_offset())
    log.close()
    with closing(LogReader(path)) as reader:
        account = reader.accounts()["mqtt"]
    assert account.dropped == {"damaged": 5}
    assert account.waiting == 1  # the gap event
