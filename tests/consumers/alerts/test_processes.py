"""The alert system as a process: with a broker, killed, and two at once."""

import getpass
import json
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime

import paho.mqtt.client as paho
import pytest
from lab.waiting import eventually

from consumers.alerts.store import AlertStore
from consumers.inbox.sqlite_progress import SqliteProgress
from tests.consumers.alerts.web_server import WebServer

RULES = """
builtin = []
[[rule]]
name = "hot"
when = "any(node).air.temperature > 30"
[[rule]]
name = "both"
when = "count(nodes with air.temperature > 30) >= 2"
[[notify]]
name = "hook"
format = "webhook"
url = "{}"
"""
KEEP = "allow_anonymous true\npersistence true\npersistence_location {}/\nuser {}\n"


@pytest.fixture
def web():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def kept_broker(mosquitto, tmp_path):
    return mosquitto(KEEP.format(tmp_path, getpass.getuser())).start()


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def sent(state):
    """A function: wait until no notification waits."""

    def none_waits():
        with closing(sqlite3.connect(state / "alerts.db")) as database:
            return database.execute("SELECT count(*) FROM outbox").fetchone() == (0,)

    return lambda: eventually(none_waits)


@pytest.fixture
def system(tmp_path, state, web, kept_broker):
    """A function: start an alert system; it returns the process."""
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES.format(web.url))
    processes = []

    def start():
        words = [sys.executable, "-m", "consumers", "alerts", rules, kept_broker.url]
        path = tmp_path / f"log-{len(processes)}"
        with path.open("w") as log:
            process = subprocess.Popen([*words, "--state", state], stderr=log, stdout=log)
        processes.append(process)
        process.log = path
        return process

    yield start
    for each in processes:
        if each.poll() is None:
            each.kill()
            each.wait()


@pytest.fixture
def nodes(kept_broker, event):
    """A function: a node measures a temperature."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", kept_broker.port)
    client.loop_start()
    offsets = Counter()

    def measure(node, temperature):
        offsets[node] += 1
        one = event(offsets[node], log=f"{node}log", node=node, time=datetime.now(UTC).isoformat())
        one["data"]["values"]["temperature"] = temperature
        topic = f"edge/{node}/event/reading/air"
        client.publish(topic, json.dumps(one).encode(), qos=1).wait_for_publish(60)

    yield measure
    client.disconnect()
    client.loop_stop()


def listening(process):
    """The process is active, and its session exists."""
    return eventually(lambda: "listening" in process.log.read_text())


def killed(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_an_alert_over_two_nodes_is_notified_of(system, nodes, web):
    process = system()
    listening(process)
    nodes("a", 31)
    web.has(("hot", "a", "firing"))
    nodes("b", 31)
    web.has(("both", "", "firing"), ("hot", "b", "firing"))
    nodes("a", 20)
    web.has(("both", "", "resolved"), ("hot", "a", "resolved"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_what_a_kill_interrupts_is_neither_lost_nor_notified_of_twice(system, nodes, web):
    process = system()
    listening(process)
    nodes("a", 31)
    web.has(("hot", "a", "firing"))
    killed(process)
    nodes("b", 31)
    listening(system())
    web.has(("both", "", "firing"), ("hot", "b", "firing"))
    nodes("a", 20)
    web.has(("hot", "a", "resolved"))
    ids = {(one["rule"], one["node"], one["state"]): one["id"] for one in web.alerts}
    assert len({one["id"] for one in web.alerts}) == len(ids), "one id for each transition"


MANY = pytest.param(20, marks=pytest.mark.nightly)


@pytest.mark.parametrize("kills", [5, MANY])
def test_every_alert_is_raised_once_whenever_the_system_is_killed(
    system, nodes, web, state, sent, kills
):
    chance = random.Random(14)
    hot = [f"n{number}" for number in range(4 * kills)]
    process = system()
    for turn in range(kills):
        if turn == 0 or chance.random() < 0.8:
            listening(process)  # otherwise the kill comes while it starts
        before = chance.randrange(4)
        for number, node in enumerate(hot[4 * turn : 4 * turn + 4]):
            nodes(node, 31)
            if number == before:
                killed(process)
        process = system()
    expected = {("hot", node, "firing") for node in hot} | {("both", "", "firing")}
    web.has(*expected)
    sent()
    ids = {(one["rule"], one["node"], one["id"]) for one in web.alerts}
    assert len(ids) == len(expected), "one id for each alert"
    with closing(sqlite3.connect(state / "alerts.db")) as database:
        assert database.execute("SELECT count(*) FROM history").fetchone() == (len(expected),)


def test_a_notification_waits_for_its_target_also_over_a_kill(system, nodes, web):
    web.status = 503
    process = system()
    listening(process)
    nodes("a", 31)
    eventually(lambda: web.asked)
    nodes("b", 31)
    eventually(lambda: "firing both" in process.log.read_text())
    killed(process)
    web.status = 200
    system()
    web.has(("hot", "a", "firing"), ("hot", "b", "firing"), ("both", "", "firing"))


def test_of_two_instances_one_alerts_and_the_other_takes_over_when_it_is_killed(
    system, nodes, web, sent
):
    active = system()
    listening(active)
    standby = system()
    eventually(lambda: "standing by" in standby.log.read_text())
    nodes("a", 31)
    web.has(("hot", "a", "firing"))
    sent()
    killed(active)
    nodes("b", 31)
    web.has(("both", "", "firing"), ("hot", "b", "firing"))
    nodes("c", 31)
    web.has(("hot", "c", "firing"))
    found = Counter((one["id"], one["rule"], one["node"]) for one in web.alerts)
    assert set(found.values()) == {1}
    assert len(found) == 4


def test_commands_acknowledge_and_silence(system, nodes, web, command, state):
    state = ("--state", state)
    listening(system())
    nodes("a", 31)
    web.has(("hot", "a", "firing"))
    shown = command("alerts", "list", *state)
    assert (shown.returncode, "firing  warning   hot   a" in shown.stdout) == (1, True)
    done = command("alerts", "ack", "hot", *state)
    assert (done.returncode, done.stdout) == (0, "acknowledged: hot of a\n")
    eventually(lambda: listed(command, state)["alerts"][0]["state"] == "acknowledged")
    quiet = command("alerts", "silence", "hot", "2h", "--node", "b", "--json", *state)
    assert [one["node"] for one in json.loads(quiet.stdout)["silenced"]] == ["b"]
    nodes("b", 31)
    web.has(("both", "", "firing"))
    assert ("hot", "b", "firing") not in web.states()
    silenced = listed(command, state)
    (silence,) = silenced["silences"]
    assert (silence["rule"], silence["until"][-1]) == ("hot", "Z")
    assert command("alerts", "ack", "cold", *state).returncode == 1
    gone = command("alerts", "forget", "a", "--json", *state)
    assert json.loads(gone.stdout) == {"forgotten": "a"}
    web.has(("hot", "a", "resolved"))


def test_mistakes_in_a_file_are_named_with_their_line(command, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "hot"\nwhen = "air.temperature > 30"\n')
    for words in (("check", rules), (rules, "mqtt://localhost")):
        done = command("alerts", *words)
        assert done.returncode == 2
        assert done.stderr.startswith(f"{rules}:3: rule.hot.when = ")
    done = command("alerts", "check", rules, "--json")
    assert (done.returncode, len(json.loads(done.stdout)["problems"])) == (2, 1)


def test_a_file_without_mistakes_passes_check(command, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "hot"\nwhen = "any(node).air.temperature > 30"\n')
    done = command("alerts", "check", rules)
    assert (done.returncode, done.stdout) == (
        0,
        f"{rules}: 7 rules with the built-in ones, 0 targets: no problems\n",
    )


def test_a_broker_that_is_not_there_ends_with_4(command, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text("")
    done = command("alerts", rules, "mqtt://127.0.0.1:1", "--state", tmp_path / "state")
    assert done.returncode == 4


def test_a_state_that_is_not_there_ends_with_4(command, tmp_path):
    done = command("alerts", "list", "--state", tmp_path)
    assert (done.returncode, "there is no state" in done.stderr) == (4, True)


def listed(command, state):
    return json.loads(command("alerts", "list", "--json", *state).stdout)


def test_the_list_says_that_the_source_is_not_connected(command, state):
    state.mkdir()
    with closing(SqliteProgress(state / "alerts.db")) as progress:
        AlertStore(progress).note_disconnection(1_800_000_000_000_000)
    shown = command("alerts", "list", "--state", state)
    assert (shown.returncode, shown.stdout.startswith("nothing fires\n")) == (0, True)
    assert "not connected since 2027-01-15" in shown.stdout
    assert listed(command, ("--state", state))["disconnected_since"].startswith("2027-01-15")


def test_a_broker_that_is_away_is_said_until_it_is_back(system, kept_broker, command, state):
    process = system()
    listening(process)
    kept_broker.kill()
    eventually(lambda: "not connected; no node counts as silent" in process.log.read_text())
    assert listed(command, ("--state", state))["disconnected_since"] is not None
    kept_broker.start()
    eventually(lambda: "connected again; silence is measured" in process.log.read_text())
    assert listed(command, ("--state", state))["disconnected_since"] is None
