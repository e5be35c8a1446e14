"""The command `edge-consumer aggregate`, as a process, on a real broker."""

import json
import random
import signal

import duckdb
import pytest

from tests.consumers.aggregate.conftest import old

CHUNK = 400


@pytest.fixture
def rows(tmp_path):
    """A function: the rows of a query, while no process has the file."""

    def rows(sql):
        with duckdb.connect(str(tmp_path / "readings.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.nightly)])
def test_every_reading_is_stored_once_though_the_command_is_killed(
    aggregate, publisher, rows, event, kills
):
    offsets = range(1, kills * CHUNK + 1)
    events = [old(event, n) for n in offsets]
    chance = random.Random(14)
    for n in range(kills):
        process = aggregate()
        chunk = events[n * CHUNK : (n + 1) * CHUNK]
        again = chance.sample(events[: (n + 1) * CHUNK], 20)
        publisher.publish(chunk[: chance.randrange(CHUNK)])
        publisher.publish([*chunk, *again])
        process.kill()
        process.wait()
    done = aggregate("--until-quiet", "2s", "--json")
    counts = json.loads(done.communicate(timeout=60)[0])
    assert done.returncode == 0
    assert counts["dead"] == 0
    assert rows("SELECT log_offset FROM readings ORDER BY ALL") == [(n,) for n in offsets]
    values = [n / 8 for n in offsets]
    assert rows("SELECT count, mean, max FROM windows WHERE length = '1d'") == [
        (len(values), sum(values) / len(values), values[-1])
    ]
    assert rows("SELECT first, last FROM done") == [(1, len(values))]


def test_sigterm_ends_it_with_its_counts(aggregate, publisher, wait_for, event, rows, tmp_path):
    process = aggregate("--json")
    publisher.publish([old(event, 1), old(event, 1), {"no": "event"}])
    wait_for((tmp_path / "dead.sqlite").exists)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert set(json.loads(out)) == {"events", "duplicates", "dead"}


def test_a_second_command_in_the_same_directory_is_refused(aggregate, command, broker, tmp_path):
    aggregate()
    done = command("aggregate", broker.url, "--state", tmp_path)
    assert done.returncode == 1
    assert f"another consumer uses {tmp_path}" in done.stderr


def test_a_wrong_keep_is_an_error_of_the_command_line(command):
    done = command("aggregate", "mqtt://localhost", "--keep", "1w=3d")
    assert done.returncode == 2
    assert "expected one of readings, events, 1m, 15m, 1h, 1d" in done.stderr


def test_a_store_that_is_no_file_is_refused(command):
    done = command("query", "--store", "mysql://localhost/x")
    assert done.returncode == 1
    assert done.stderr.startswith("mysql://localhost/x is no file: name one as duckdb:PATH, or ")
