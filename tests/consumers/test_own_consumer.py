"""The programs of docs/consumers.md, run as they are: with a real broker, and killed."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import paho.mqtt.client as paho
import pytest

from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.testing.origin import messages

TOTAL = 200


@pytest.fixture
def programs(root, broker):
    """The page's programs, in order, with the broker of this test."""
    page = (root / "docs/consumers.md").read_text()
    section = page.split("## Write your own consumer")[1].split("\n## ")[0]
    found = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return [one.replace("mqtt://broker.lan", broker.url) for one in found]


@pytest.fixture
def backlog(broker):
    """Events that wait in the session of the group."""
    source = source_of(SourcePlan(url=broker.url, group="mine"))
    source.open()
    source.close()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    sent = [
        client.publish(f"edge/{one.node}/event/reading/air", one.payload, qos=1)
        for one in messages(range(1, TOTAL + 1))
    ]
    sent[-1].wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A function: start a program in a directory of its own."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    running = []

    def start(program):
        words = [sys.executable, "-u", "-c", program]
        running.append(subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for each in running:
        each.kill()
        each.wait()
        each.stdout.close()


def value(path, query):
    """The result of a query; 0 while the program has not made the table."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=60)) as database:
        return database.execute(query).fetchone()[0] or 0
    return 0


def run_with_kills(start, program, done, wait_for):
    """Kill a program whenever it has made some progress, until all events are done."""
    kills = 0
    while done() < TOTAL:
        process, wanted = start(program), min(done() + TOTAL // 4, TOTAL)
        wait_for(lambda: done() >= wanted)  # noqa: B023
        process.kill()
        process.wait()
        kills += 1
    assert kills >= 1


def test_the_loop_prints_every_event(programs, backlog, start):
    lines = start(programs[0]).stdout
    shown = [next(lines) for _ in range(TOTAL)]
    assert shown[0].startswith("greenhouse air {'values': {'temperature': 0.1}")
    assert len(set(shown)) == TOTAL


def test_an_idempotent_effect_is_once_whenever_it_is_killed(
    programs, backlog, start, tmp_path, wait_for
):
    def done():
        return value(tmp_path / "readings.db", "SELECT count(*) FROM reading")

    run_with_kills(start, programs[1], done, wait_for)
    assert done() == TOTAL


def test_an_effect_that_is_committed_with_the_progress_is_once_whenever_it_is_killed(
    programs, backlog, start, tmp_path, wait_for
):
    def done():
        return value(tmp_path / "store.db", "SELECT sum(events) FROM count")

    run_with_kills(start, programs[2], done, wait_for)
    process = start(programs[2])  # what the bus still has is dropped
    wait_for(lambda: value(tmp_path / "store.db", "SELECT count(*) FROM done") == 1)
    process.kill()
    assert done() == TOTAL
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT first, last FROM done").fetchall() == [(1, TOTAL)]
