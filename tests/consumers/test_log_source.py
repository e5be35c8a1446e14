"""The event log of an agent as a source, and its replay."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from consumers.source import SourcePlan, SourceUnavailable
from consumers.sources.catalog import source_of
from edge_agent.clock import ManualClock
from edge_agent.deliver.envelope import Envelope
from edge_agent.errors import AgentError
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

RULE = """
[[rule]]
name = "warm"
when = "any(node).air.t > 30"
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cellar.db"


@pytest.fixture
def record(path):
    """A function: append readings to the log, as a running agent does."""
    clock = ManualClock()
    log = EventLog.open(path, boot=clock.boot)

    def record(count):
        readings = [Reading("air", clock.now(), {"t": float(n)}).event() for n in range(count)]
        with log.transaction():
            log.append(readings, boot=clock.boot)

    yield record
    log.close()


@pytest.fixture
def opened(path, tmp_path):
    """A function: the source of the log, open."""
    made = []

    def make(query="", **plan):
        state = str(tmp_path / "state")
        made.append(source_of(SourcePlan(url=f"log:{path}{query}", state=state, **plan)))
        made[-1].open()
        return made[-1]

    yield make
    for each in made:
        each.close()


def offsets(source):
    return [each.offset for each in source.receive(0.01)]


def test_it_hands_over_what_a_sink_would_deliver(record, path, opened):
    record(3)
    found = opened(start="beginning").receive(1.0)
    with_reader = LogReader(path)
    envelope = Envelope("cellar", with_reader.id)
    expected = [json.loads(envelope.encode(one)) for one in with_reader.read_after(0, 10)]
    with_reader.close()
    assert [each.decoded for each in found] == expected
    assert {each.node for each in opened("?node=attic", start="beginning").receive(1.0)} == {
        "attic"
    }


def test_a_group_resumes_behind_what_it_has_acknowledged(record, opened):
    record(5)
    source = opened(group="g", start="beginning")
    assert offsets(source) == [1, 2, 3, 4, 5]
    source.acknowledge(3)
    source.close()
    assert offsets(opened(group="g")) == [4, 5]


def test_without_a_place_it_begins_with_what_is_new_and_sees_what_comes(record, opened):
    record(5)
    source = opened()
    assert offsets(source) == []
    record(2)
    assert offsets(source) == [6, 7]


def test_what_is_not_acknowledged_is_bounded(record, opened):
    record(1500)
    source = opened(start="beginning")
    assert len(offsets(source)) == 1000
    assert offsets(source) == []
    source.acknowledge(1000)
    assert offsets(source) == list(range(1001, 1501))


def test_a_log_in_the_place_of_another_is_read_from_its_beginning(record, path, opened, tmp_path):
    record(4)
    source = opened()
    other = EventLog.open(tmp_path / "other.db", boot="b")
    with other.transaction():
        other.append([Reading("air", ManualClock().now(), {"t": 1.0}).event()], boot="b")
    other.close()
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    (tmp_path / "other.db").replace(path)
    assert (offsets(source) or offsets(source)) == [1]
    assert source.interruptions == 1


def test_a_row_that_is_damaged_is_a_dead_letter(record, path, opened):
    record(2)
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE event SET data = '{' WHERE \"offset\" = 1")
    database.close()
    dead, event = opened(start="beginning").receive(1.0)
    assert dead.reason
    assert event.offset == 2


def test_what_is_no_log_is_unavailable(opened, path):
    with pytest.raises(SourceUnavailable):
        opened()
    path.write_text("something else")
    with pytest.raises(SourceUnavailable):
        opened()


def test_members_cannot_share_a_log(path):
    with pytest.raises(AgentError, match="members cannot share a log"):
        source_of(SourcePlan(url=f"log:{path}", group="g", member="a"))


def test_a_replay_is_marked_and_has_the_ids_of_the_first_time(record, path, command, tmp_path):
    record(20)
    target = tmp_path / "again.jsonl"
    done = command("replay", f"log:{path}", f"file:{target}", "--json", "--rate", "100000")
    assert (done.returncode, json.loads(done.stdout)) == (
        0, {"sent": 20, "refused": {}, "unusable": 0}
    )  # fmt: skip
    events = [json.loads(line) for line in target.read_text().splitlines()]
    assert all(each["replay"] is True for each in events)
    assert [each["id"].partition(":")[2] for each in events] == [str(n) for n in range(1, 21)]


def test_a_replay_of_nothing_ends_with_4(record, path, command, tmp_path):
    record(1)
    words = ("replay", f"log:{path}", f"file:{tmp_path}/again", "--since", "2999-01-01")
    assert command(*words).returncode == 4


def test_the_audit_of_a_log_finds_an_event_that_is_gone(record, path, command):
    record(20)
    words = ("audit", f"log:{path}", "--until-quiet", "--settle", "1s", "--json", "--start")
    done = command(*words, "beginning")
    (found,) = json.loads(done.stdout)["logs"]
    assert (done.returncode, found["arrived"], found["lost"]["total"]) == (0, 20, 0)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('DELETE FROM event WHERE "offset" = 7')
    done = command(*words, "beginning")
    (found,) = json.loads(done.stdout)["logs"]
    assert (done.returncode, found["arrived"]) == (1, 19)
    assert found["lost"] == {"total": 1, "ranges": [[7, 7]]}
    assert command(*words, "now").returncode == 4


@pytest.mark.parametrize(("start", "firsts"), [("beginning", [1]), ("now", range(6, 10_000))])
def test_a_bridge_starts_where_it_is_asked_to(record, path, tmp_path, wait_for, start, firsts):
    record(5)
    target = tmp_path / "events.jsonl"
    words = ["bridge", f"log:{path}", f"file:{target}", "--group", "g", "--start", start]
    command = [sys.executable, "-m", "consumers", *words, "--state", str(tmp_path / "own")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: record(1) or (target.exists() and target.stat().st_size))
        finally:
            process.send_signal(signal.SIGTERM)
    offset = json.loads(target.read_text().splitlines()[0])["id"].partition(":")[2]
    assert int(offset) in firsts


@pytest.mark.parametrize(
    "words",
    [["aggregate", "log:cellar.db"], ["bridge", "log:cellar.db", "file:/nowhere/events.jsonl"]],
    ids=lambda words: words[0],
)
def test_the_member_of_a_command_reaches_its_source(command, tmp_path, words):
    state = tmp_path / "state"
    done = command(*words, "--group", "g", "--member", "a", "--state", state)
    assert (done.returncode, "members cannot share a log" in done.stderr) == (2, True)


@pytest.mark.parametrize("url", ["file:/tmp/events.jsonl", "/var/lib/edge-agent/cellar.db"])
def test_a_url_of_a_file_names_the_one_that_can_be_read(url):
    with pytest.raises(AgentError, match=r"log:/path/NODE\.db"):
        source_of(SourcePlan(url=url))


@pytest.mark.parametrize(
    "words",
    [
        ["aggregate", "log:cellar.db"],
        ["alerts", "rules.toml", "log:cellar.db"],
        ["bridge", "log:cellar.db", "file://{here}/events.jsonl"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_keeps_the_place_of_its_group_in_its_own_state(record, tmp_path, wait_for, words):
    (tmp_path / "rules.toml").write_text(RULE)
    own, environment = tmp_path / "own", os.environ | {"STATE_DIRECTORY": str(tmp_path / "all")}
    words = [word.format(here=tmp_path) for word in words]
    command = [sys.executable, "-m", "consumers", *words, "--group", "g", "--state", str(own)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as process:
        try:
            wait_for(lambda: record(1) or list(own.glob("g-*.place")))
        finally:
            process.send_signal(signal.SIGTERM)
    assert not (tmp_path / "all").exists()
