"""The simulated disk keeps what was synced, and may forget all else."""

import os

import pytest

from tests.simulation.disk import Disk, System
from tests.simulation.scheduler import Scheduler

ROWS = "SELECT n FROM t ORDER BY n"


@pytest.fixture
def disk(tmp_path):
    disks = []

    def make(seed=1):
        root = tmp_path / f"{len(disks)}"
        root.mkdir()
        disks.append(Disk(root, Scheduler(seed)))
        return disks[-1]

    yield make
    for each in disks:
        each.release()


def database(disk, synchronous="FULL"):
    connection = disk.connect(disk.root / "t.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (n)")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def commit(connection, n):
    connection.execute("BEGIN")
    connection.execute("INSERT INTO t VALUES (?)", (n,))
    connection.execute("COMMIT")


def cut_power(disk):
    image = disk.image_after_power_cut()
    disk.release()
    disk.restore(image)
    connection = disk.connect(disk.root / "t.db", isolation_level=None)
    return [row[0] for row in connection.execute(ROWS)]


@pytest.mark.parametrize("seed", range(10))
def test_a_power_cut_leaves_every_synced_commit(disk, seed):
    one = disk(seed)
    connection = database(one)
    for n in range(5):
        commit(connection, n)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO t VALUES (5)")
    assert cut_power(one) == [0, 1, 2, 3, 4]


def test_a_power_cut_may_take_a_commit_that_was_not_synced(disk):
    left = []
    for seed in range(10):
        one = disk(seed)
        connection = database(one, "OFF")
        commit(connection, 0)
        left.append(cut_power(one))
    assert [] in left


def test_a_kill_leaves_what_was_written_without_a_sync(disk):
    one = disk()
    connection = database(one, "OFF")
    commit(connection, 0)
    image = one.image()
    one.release()
    one.restore(image)
    assert one.connect(one.root / "t.db").execute(ROWS).fetchall() == [(0,)]


def test_a_new_name_is_kept_for_certain_only_if_its_directory_was_synced(disk):
    kept = []
    for seed in range(10):
        one = disk(seed)
        system = System(one)
        for name in ("old", "other"):
            (one.root / name).write_text("x")
            descriptor = system.open(one.root / name, os.O_RDWR)
            system.fsync(descriptor)
            system.close(descriptor)
        (one.root / "old").rename(one.root / "new")
        unsynced = set(one.image_after_power_cut())
        one.sync_directory()
        kept.append((unsynced, set(one.image_after_power_cut())))
    assert {frozenset(unsynced) for unsynced, _ in kept} == {
        frozenset({"old", "other"}),
        frozenset({"new", "other"}),
    }
    assert all(synced == {"new", "other"} for _, synced in kept)
