"""Stopped while the disk is full: what is in memory is there after the next start, once."""

import json
import os
from pathlib import Path

import pytest

from edge_agent.clock import ManualClock
from edge_agent.events import Event, SavedState
from edge_agent.store.group import GROUP
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import HELD
from edge_agent.store.spill import Spill


class FullDisk:
    """A connection that takes nothing until it is closed."""

    def __init__(self, connection):
        self._connection = connection

    def execute(self, sql, *parameters):
        if sql.startswith("BEGIN"):
            raise OSError(28, "No space left on device")
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.fixture
def memory(tmp_path):
    """A directory that takes what the disk does not."""
    directory = tmp_path / "run"
    directory.mkdir()
    return directory


@pytest.fixture
def stopped(recording, event):
    """Stop a recorder whose disk is full, with events in its hands; return what `close` says."""

    def stop(*directories, count=5, more=()):
        desk = recording(interval=0, spill=Spill(directories))
        log = desk.recorder._log
        log._connection = FullDisk(log._connection)
        for n in range(count):
            desk.inbox.put(event(n))
        for item in (*more, None):
            desk.inbox.put(item)
        desk.recorder.run()
        return desk.recorder.close()

    return stop


def started(path, *directories, boot="manual"):
    open_log(path, ManualClock(boot=boot), Spill(directories)).close()
    return LogReader(path)


def readings(reader):
    return [json.loads(one.data)["n"] for one in reader.read_kinds({"reading"}, 0, 10**9, 10**6)]


def test_what_the_log_does_not_take_is_there_after_the_next_start(stopped, path, memory):
    assert stopped(memory) is False
    reader = started(path, memory)
    assert readings(reader) == [0, 1, 2, 3, 4]
    assert reader.accounts()["mqtt"].dropped == {}
    assert list(memory.iterdir()) == []


def test_the_directory_that_takes_events_is_synced_after_them(stopped, memory, monkeypatch):
    synced = []
    monkeypatch.setattr(
        "os.fsync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink())
    )
    stopped(memory)
    assert [path.parent for path in synced[:1]] == [memory]
    assert synced[1:] == [memory]


def test_what_was_spilled_is_taken_in_once(stopped, path, memory):
    stopped(memory)
    (file,) = memory.iterdir()
    content = file.read_bytes()
    started(path, memory)
    file.write_bytes(content)  # killed after the commit, before the file was deleted
    assert readings(started(path, memory)) == [0, 1, 2, 3, 4]
    assert list(memory.iterdir()) == []


def test_a_start_that_is_killed_before_its_commit_takes_it_in_later(
    stopped, path, memory, monkeypatch
):
    stopped(memory)
    with monkeypatch.context() as patched:
        patched.setattr("edge_agent.store.spill.lifecycle", killed)
        with pytest.raises(KeyboardInterrupt):
            started(path, memory)
    assert readings(started(path, memory)) == [0, 1, 2, 3, 4]


def killed(*_, **__):
    raise KeyboardInterrupt


def test_what_no_directory_takes_is_accounted_for_at_the_next_start(stopped, path, tmp_path):
    assert stopped(tmp_path / "not there") is False
    for _ in range(2):
        reader = started(path, tmp_path / "not there")
        assert readings(reader) == []
        assert reader.accounts()["mqtt"].dropped == {"disk_full": 5}
    (gap,) = reader.read_kinds({"gap"}, 0, 10**9, 10)
    assert gap.data == '{"reason":"disk_full","count":5,"ranges":[]}'


def test_what_a_boot_has_taken_from_memory_is_accounted_for(stopped, path, memory):
    stopped(memory)
    for file in memory.iterdir():
        file.unlink()
    assert started(path, memory).accounts()["mqtt"].dropped == {"disk_full": 5}


def test_what_a_full_directory_cuts_off_is_accounted_for(stopped, path, memory):
    stopped(memory)
    (file,) = memory.iterdir()
    file.write_bytes(file.read_bytes()[:-70])
    reader = started(path, memory)
    kept = readings(reader)
    assert 0 < len(kept) < 5
    assert reader.accounts()["mqtt"].dropped == {"disk_full": 5 - len(kept)}


def test_the_next_directory_is_tried_if_one_takes_nothing(stopped, path, memory, tmp_path):
    stopped(tmp_path / "not there", memory)
    assert readings(started(path, tmp_path / "not there", memory)) == [0, 1, 2, 3, 4]


def test_what_memory_gave_up_before_the_stop_is_accounted_for(stopped, path, memory):
    stopped(memory, count=HELD + 7)
    reader = started(path, memory)
    assert len(readings(reader)) == HELD
    assert reader.accounts()["mqtt"].dropped == {"disk_full": 7}


def test_what_comes_while_the_recorder_ends_is_taken_along(recording, event, path, memory):
    desk = recording(spill=Spill((memory,)))
    desk.inbox.put(None)
    desk.recorder.run()
    for n in range(GROUP + 1):
        desk.inbox.put(event(n))
    assert desk.recorder.close() is True
    assert len(readings(LogReader(path))) == GROUP + 1


def test_the_states_of_rules_are_spilled_too(stopped, path, memory):
    stopped(memory, count=0, more=[[SavedState("rule/hot", b'{"state":"firing"}')]])
    assert started(path, memory).saved_states()["rule/hot"] == b'{"state":"firing"}'


def test_times_that_cannot_be_trusted_stay_those_of_their_boot(stopped, path, memory, clock):
    clock.trusted = False
    early = Event("reading", "air", clock.now(), {"n": 9})
    stopped(memory, count=0, more=[early])
    (logged,) = started(path, memory, boot="next").read_kinds({"reading"}, 0, 10**9, 10)
    assert started(path, boot="next").boot_number("manual") == logged.boot


def test_a_file_of_another_user_or_a_link_is_not_taken_in(stopped, path, memory, monkeypatch):
    stopped(memory)
    (file,) = memory.iterdir()
    other = file.rename(memory / "other")
    file.symlink_to(other)
    assert readings(started(path, memory)) == []
    file.unlink()
    other.rename(file)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert readings(started(path, memory)) == []


def test_a_stop_with_room_spills_nothing(recording, event, path, memory):
    desk = recording(spill=Spill((memory,)))
    desk.put(event(1))
    desk.inbox.put(None)
    desk.recorder.run()
    assert desk.recorder.close() is True
    assert list(memory.iterdir()) == []
