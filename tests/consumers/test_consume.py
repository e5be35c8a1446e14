"""`consume`, and `edge-consumer dead` beside it: with a real broker, and killed at any moment."""

import itertools
import json
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import paho.mqtt.client as paho
import pytest
from lab.broker import free_port

from consumers import consume
from consumers.inbox.settings import InboxSettings
from consumers.source import SourcePlan, SourceUnavailable
from consumers.sources.catalog import source_of
from edge_agent.errors import AgentError

TOPIC = "edge/greenhouse/event/reading/air"


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """The directory of all consumers of this user."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def event(event):
    """A function: an event of the past, for here the clock is the real one."""
    return lambda *args, **changes: event(*args, **{"time": "2026-01-15T08:00:00Z", **changes})


@pytest.fixture
def gap(gap):
    """A function: a gap event of the past."""
    return lambda *args, **changes: gap(*args, **{"time": "2026-01-15T08:00:00Z", **changes})


@pytest.fixture
def publish():
    """A function: publish payloads to a broker."""

    def publish(broker, *payloads):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in payloads]
        sent = [client.publish(TOPIC, body, qos=1) for body in bodies]
        for each in sent:
            each.wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    return publish


@pytest.fixture
def joined(broker):
    """A broker that keeps events for the group "mine"."""
    join(broker)
    return broker


def join(broker):
    """Let the broker keep a session, as a first run does that is ended before an event."""
    source = source_of(SourcePlan(url=broker.url, group="mine"))
    source.open()
    source.close()


def first(count, events):
    """Handle so many events, and ask for one more that does not come; return the offsets."""
    found = []
    for one in events:
        found.append(one.offset)
        if len(found) == count:
            break
    events.close()
    return found


@pytest.fixture
def finished(joined, publish, event):
    """A function: run a loop until so many events are done; return their offsets."""

    ends = itertools.count(1)

    def finished(count):
        events = consume(joined.url, group="mine")
        found = [next(events).offset for _ in range(count)]
        publish(joined, event(next(ends), log="end"))
        next(events)
        events.close()
        return found

    return finished


def test_a_loop_gets_each_event_once_and_in_order(joined, publish, event):
    publish(joined, event(1), event(2), event(2), event(1), event(3))
    assert first(3, consume(joined.url, group="mine")) == [1, 2, 3]


def test_the_next_loop_begins_with_the_event_that_was_not_finished(joined, publish, event):
    publish(joined, *map(event, range(1, 6)))
    assert first(3, consume(joined.url, group="mine")) == [1, 2, 3]
    assert first(3, consume(joined.url, group="mine")) == [3, 4, 5]


def test_a_body_that_fails_gets_its_event_again(joined, publish, event):
    publish(joined, event(1), event(2))
    with pytest.raises(ZeroDivisionError):
        for one in consume(joined.url, group="mine"):
            1 / (one.offset - 2)
    assert first(1, consume(joined.url, group="mine")) == [2]


def test_ctrl_c_ends_the_loop(joined, publish, event):
    publish(joined, event(1))
    events = consume(joined.url, group="mine")
    assert next(events).offset == 1
    with pytest.raises(StopIteration):
        events.throw(KeyboardInterrupt)


def test_the_state_is_private_and_named_after_the_group(joined, publish, event, state):
    publish(joined, event(1))
    first(1, consume(joined.url, group="mine"))
    directory = state / "consume" / "mine"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {one.name for one in directory.iterdir()} >= {"progress.sqlite", "dead.sqlite"}


def test_a_group_has_one_consumer_on_a_machine(joined, publish, event):
    publish(joined, event(1), event(2))
    events = consume(joined.url, group="mine")
    next(events)
    with pytest.raises(AgentError, match=r"another consumer uses .*: give each its own group"):
        next(consume(joined.url, group="mine"))
    events.close()


def test_a_group_may_have_any_name_and_its_directory_is_below_the_state(state):
    with pytest.raises(SourceUnavailable):
        next(consume(f"mqtt://127.0.0.1:{free_port()}", group="../etc"))
    assert [one.name for one in (state / "consume").iterdir()] == ["%2E%2E%2Fetc"]


def test_without_a_group_there_is_no_place_to_resume():
    with pytest.raises(AgentError, match="needs the name of a group"):
        consume("mqtt://127.0.0.1", group="")


def test_a_wrong_url_fails_before_the_loop():
    with pytest.raises(AgentError, match="did you mean mqtt"):
        consume("mqt://127.0.0.1", group="mine")


def test_what_is_missing_is_logged(joined, publish, event, gap, caplog):
    publish(joined, event(1), gap(5, [[2, 4]]), event(6))
    with caplog.at_level(logging.WARNING):
        events = consume(joined.url, group="mine", settings=InboxSettings(patience=0.0))
        assert [next(events).offset for _ in range(3)] == [1, 5, 6]
        publish(joined, event(7))
        next(events)
        events.close()
    assert "greenhouse: 3 events are missing: max_size" in caplog.text


def test_importing_consumers_is_cheap():
    program = "import sys, consumers; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert {"sqlite3", "msgspec", "paho", "edge_agent"} & set(done.stdout.decode().split()) == set()


def test_dead_letters_are_listed_tried_again_and_dropped(joined, publish, event, command, finished):
    publish(joined, b"{", event(1), event(2, time="yesterday"), event(3))
    assert finished(2) == [1, 3]
    listed = command("dead", "list")
    assert (listed.returncode, listed.stdout.splitlines()[-1]) == (0, "2 dead letters")
    assert "not JSON" in listed.stdout
    letters = json.loads(command("dead", "list", "--json").stdout)["letters"]
    assert {one["consumer"] for one in letters} == {"consume/mine"}
    keys = {one["reason"]: one["key"] for one in letters}
    assert command("dead", "drop", keys["not JSON"]).stdout == "1 dead letters dropped\n"
    assert command("dead", "retry", "--all").stdout == "1 dead letters to be tried again\n"


def test_a_dead_letter_that_was_repaired_reaches_the_loop(
    joined, publish, event, command, state, finished
):
    publish(joined, event(1, time="yesterday"), event(2), event(3))
    assert finished(2) == [2, 3]
    good = json.dumps(event(1)).encode()
    with closing(sqlite3.connect(state / "consume/mine/dead.sqlite")) as database, database:
        database.execute("UPDATE letter SET payload = ?", [good])
    assert command("dead", "retry", "--all").returncode == 0
    publish(joined, event(4))
    assert sorted(finished(3)) == [1, 1, 4]  # the end of the first loop was not done
    assert command("dead", "list").stdout == "0 dead letters\n"


def test_dead_letters_that_cannot_be_found_are_an_error(joined, publish, command, event):
    assert command("dead", "list").returncode == 4
    publish(joined, event(1))
    first(1, consume(joined.url, group="mine"))
    assert command("dead", "retry", "abc").returncode == 1
    assert command("dead", "drop").returncode == 2


BAD = [
    *(b"", b"\xff", b"{", b"[" * 100_000, b"null", b'{"hello": "world"}', b"[1, {}]"),
    b'"' + b"x" * 10_000_000 + b'"',
]


def test_bad_input_in_front_stops_nothing(joined, publish, event, command, finished):
    orphan = event(3)
    del orphan["source"]
    future = event(4, time="2090-01-01T00:00:00Z")
    known = event(5, type="edge.reading.v9")
    publish(joined, *BAD, orphan, future, known, event(1, log="b"), event(2))
    assert sorted(finished(3)) == [1, 2, 5]
    letters = json.loads(command("dead", "list", "--json").stdout)["letters"]
    reasons = [one["reason"] for one in letters]
    assert "`source` is missing" in reasons
    assert "its time is in the future" in reasons
    assert len(letters) >= len(BAD)


CONSUMER = """
import sqlite3, sys
from consumers import consume
effect = sqlite3.connect(sys.argv[3], isolation_level=None)
effect.execute("PRAGMA synchronous = OFF")  # a kill is no loss of power
effect.execute("CREATE TABLE IF NOT EXISTS reading (id TEXT PRIMARY KEY, times INTEGER)")
for event in consume(sys.argv[1], group="mine", state=sys.argv[2]):
    effect.execute(
        "INSERT INTO reading VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1",
        [event.id],
    )
"""


def rows(path):
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path, timeout=60)) as database:
        try:
            return dict(database.execute("SELECT id, times FROM reading"))
        except sqlite3.OperationalError:
            return {}


def test_after_every_kill_at_most_one_event_comes_twice(joined, publish, event, tmp_path, wait_for):
    publish(joined, *map(event, range(1, 901)))
    effect, kills = tmp_path / "effect.sqlite", 0
    words = [sys.executable, "-c", CONSUMER, joined.url, str(tmp_path / "mine"), str(effect)]
    while len(rows(effect)) < 900:
        before = len(rows(effect))
        with subprocess.Popen(words, env=os.environ) as consumer:
            wait_for(lambda: len(rows(effect)) >= min(before + 300, 900))  # noqa: B023
            consumer.kill()
        kills += 1
    found = rows(effect)
    assert kills >= 2
    assert found.keys() == {event(n)["id"] for n in range(1, 901)}
    assert sum(found.values()) - len(found) <= kills
