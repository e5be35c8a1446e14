"""Bad input in front of every command that follows a bus: it is counted, and the rest flows on."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime

import duckdb
import paho.mqtt.client as paho
import pytest
from lab.broker import free_port
from lab.waiting import eventually

from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from tests.consumers.test_metrics import scraped

RULES = '[[rule]]\nname = "hot"\nwhen = "any(node).air.temperature > 30"\n'
NO_EVENTS = [
    *(b"", b"\xff", b"{", b"[" * 100_000, b"null", b"21.5", b'{"hello": "world"}', b"[1, {}]"),
    b'{"id": "\\ud800:1", "specversion": "1.0"}',
    b'{"id": 1e999}',
    b"[" + b"{}," * 20_000 + b"{}]",
]
TOO_LARGE = b'{"big": "' + b"x" * 10_000_000 + b'"}'
FOREIGN = sum((len(json.loads(one)) if one[:2] in (b"[1", b"[{") else 1) for one in NO_EVENTS)


def broken(event):
    """Events that break their contract, each in its own way."""
    lacks = [event(n) for n in range(101, 109)]
    names = ("id", "source", "type", "subject", "time", "data", "specversion", "sequence")
    for one, name in zip(lacks, names, strict=True):
        del one[name]
    return [
        *lacks[:-1],
        event(111, id="no-offset"),
        event(112, id="a1b2c3:99999999999999999999"),
        event(113, data={"values": "hot", "quality": "good"}),
        event(114, data={"values": {"temperature": "hot"}, "quality": "good"}),
        event(115, time="yesterday"),
        event(116, type="edge.reading.vX"),
        event(117, source="urn:edge:no such node"),
    ]


def unknown(event):
    """Events of a kind or version of the future, which are as good as any."""
    return [event(1, kind="party"), event(2, type="edge.reading.v9", data={"a": [1]})]


def good(event):
    """Readings of two nodes of one name: two logs."""
    return [event(3, log="a1b2c3"), event(1, log="other"), event(2, log="other")]


class Running:
    """A command that follows a bus, with its metrics."""

    def __init__(self, words):
        self.port = free_port()
        words = [*words, "--metrics", f"127.0.0.1:{self.port}", "--json"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "consumers", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def counted(self, name):
        """What Prometheus reads of all nodes together; None while nothing listens."""
        try:
            found = scraped(self.port)
        except OSError:
            return None
        return sum(value for key, value in found.items() if key[0] == name)

    def finish(self):
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=60)
        return self._process.returncode, out

    def kill(self):
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def joined(broker):
    """A broker that keeps events for the group "g"."""
    source = source_of(SourcePlan(url=broker.url, group="g"))
    source.open()
    source.close()
    return broker


@pytest.fixture
def event(event):
    """A function: an event of now."""
    now = datetime.now(UTC).isoformat()
    data = {"values": {"temperature": 31.0}, "quality": "good"}
    return lambda *args, **changes: event(*args, **{"time": now, "data": data, **changes})


@pytest.fixture
def published(joined):
    def published(*payloads):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", joined.port)
        client.loop_start()
        for one in payloads:
            body = one if isinstance(one, bytes) else json.dumps(one).encode()
            client.publish("edge/greenhouse/event/reading/air", body, 1).wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    return published


@pytest.fixture
def words(joined, tmp_path):
    """The words of each command, by its name."""
    (tmp_path / "rules.toml").write_text(RULES)
    group = ("--group", "g")
    state = ("--state", tmp_path / "state")
    return {
        "aggregate": ["aggregate", joined.url, *group, *state],
        "alerts": ["alerts", "run", tmp_path / "rules.toml", joined.url, *group, *state],
        "bridge": ["bridge", joined.url, f"file://{tmp_path}/events.jsonl", *group, *state],
        "audit": ["audit", joined.url, *group],
    }


@pytest.fixture
def running(words):
    made = []

    def running(name):
        made.append(Running(words[name]))
        return made[-1]

    yield running
    for each in made:
        each.kill()


def stored(tmp_path, _out):
    with duckdb.connect(str(tmp_path / "state" / "readings.duckdb"), read_only=True) as database:
        found = "SELECT log, log_offset FROM readings UNION SELECT log, log_offset FROM events"
        return {f"{log}:{offset}" for log, offset in database.execute(found).fetchall()}


def bridged(tmp_path, _out):
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    return {json.loads(each)["id"] for each in lines}


def audited(_tmp_path, out):
    return {f"{each['log']}:{each['arrived']}" for each in json.loads(out)["logs"]}


def alerted(_tmp_path, out):
    return {(one["rule"], one["node"]) for one in map(json.loads, out.splitlines())}


IDS = {"a1b2c3:1", "a1b2c3:2", "a1b2c3:3", "other:1", "other:2"}
CASES = {  # what is a dead letter beside what breaks its contract, and what has become of the rest
    "aggregate": (1, stored, IDS),
    "alerts": (1, alerted, {("hot", "greenhouse")}),
    "bridge": (0, bridged, {*IDS, "a1b2c3:4"}),
    "audit": (0, audited, {"a1b2c3:4", "other:2"}),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_in_front_is_counted_and_the_rest_flows(
    published, running, event, tmp_path, name
):
    future = event(4, time="2090-01-01T00:00:00Z")
    published(*NO_EVENTS, TOO_LARGE, *broken(event), future, *unknown(event), *good(event))
    dead, effect, expected = CASES[name]
    one = running(name)
    eventually(lambda: one.counted("events_total") == len(IDS) + 1)
    eventually(lambda: one.counted("dead_total") == FOREIGN + len(broken(event)) + dead)
    code, out = one.finish()
    assert code == 0
    assert effect(tmp_path, out) == expected


@pytest.mark.parametrize("name", ["aggregate", "alerts"])
def test_an_event_of_a_copied_log_is_a_dead_letter(published, running, event, name):
    published(event(1), event(1, node="cellar"), event(2))
    one = running(name)
    eventually(lambda: one.counted("dead_total") == 1)
    assert one.finish()[0] == 0
