"""The command `edge-consumer aggregate`, as a process, on a real broker."""

import json
import random
import signal
import subprocess
import sys

import duckdb
import paho.mqtt.client as paho
import pytest

KILLS = 4
CHUNK = 400


def old(event, n):
    """An event of the past: one of the future would be a dead letter."""
    time = f"2025-01-15T08:00:00.{n:06d}Z"
    return event(n, time=time, data={"values": {"t": n / 8}, "quality": "good"})


class Publisher:
    """A client that publishes events and knows when the broker has them."""

    def __init__(self, port):
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(200)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, events):
        topic = "edge/greenhouse/event/reading/air"
        sent = [self._client.publish(topic, json.dumps(each), qos=1) for each in events]
        for each in sent:
            each.wait_for_publish(60)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def publisher(broker):
    one = Publisher(broker.port)
    yield one
    one.close()


@pytest.fixture
def aggregate(broker, tmp_path):
    """A function: start the command; it is connected when it returns."""
    processes = []

    def start(*options):
        words = ["aggregate", broker.url, "--state", str(tmp_path), *options]
        process = subprocess.Popen(
            [sys.executable, "-m", "consumers", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert "storing the events" in process.stderr.readline()
        return process

    yield start
    for each in processes:
        each.kill()
        each.communicate()


@pytest.fixture
def rows(tmp_path):
    """A function: the rows of a query, while no process has the file."""

    def rows(sql):
        with duckdb.connect(str(tmp_path / "readings.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return rows


def test_every_reading_is_stored_once_though_the_command_is_killed(
    aggregate, publisher, rows, event
):
    offsets = range(1, KILLS * CHUNK + 1)
    events = [old(event, n) for n in offsets]
    chance = random.Random(14)
    for n in range(KILLS):
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
    done = command("query", "--store", "postgresql://localhost/x")
    assert done.returncode == 1
    assert done.stderr == "postgresql://localhost/x is no file: name one as duckdb:PATH\n"
