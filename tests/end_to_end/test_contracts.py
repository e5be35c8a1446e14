"""The greenhouse, simulated, until events of every kind have arrived: all keep their contract."""

import json
import shutil
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator
from paho.mqtt import publish

from edge_agent.cli import main
from edge_agent.events import KINDS
from tests.schema.samples import RELEASED
from tests.schema.strict import problems_of

STATES = {"accepted", "done", "failed", "refused", "repeated"}  # of a command


@pytest.fixture
def greenhouse(root):
    """The example, with a rule that does not wait; a stop ends the windows of aggregates."""
    return (root / "examples/greenhouse.toml").read_text().replace('for = "10s"\n', "")


class Greenhouse:
    """A running agent, and what arrives from it."""

    def __init__(self, agent, port, received):
        self.agent, self._port, self._received = agent, port, received

    def events(self):
        found = [body for topic, body, _ in list(self._received) if "/event/" in topic]
        return [json.loads(body) for body in found]

    def kinds(self):
        return {event["type"].split(".")[1] for event in self.events()}

    def command(self, name, **arguments):
        topic = f"edge/greenhouse/command/{name}"
        publish.single(topic, json.dumps(arguments), port=self._port)

    def control(self, words):
        """Type a command of the simulation in another terminal."""
        options = ["-c", str(self.agent.config), "--set", f"log.path={self.agent.log}"]
        command = [sys.executable, "-m", "edge_agent", "control", *options, *words.split()]
        subprocess.run(command, check=True, timeout=60, capture_output=True)

    def found(self, kind, name):
        """The values of a field that have arrived."""
        events = [event for event in self.events() if event["type"] == f"edge.{kind}.v1"]
        return {event["data"].get(name) for event in events}


@pytest.fixture
def running(greenhouse, agent, broker, subscriber):
    received = subscriber(broker.port, "edge/greenhouse/#")
    return Greenhouse(agent(broker.url, greenhouse).start(), broker.port, received)


def let_everything_happen(running, wait_for):
    wait_for(lambda: "reading" in running.kinds())
    running.control("fault air unplug")
    wait_for(lambda: "no_acknowledge" in running.found("reading", "quality"))
    running.control("repair air")
    running.command("threshold", id="1", rule="too_warm", threshold="warm", value=20)
    running.command("set", id="2", output="heater", value="on")
    running.command("acknowledge", id="3", rule="none")
    running.command("explode")
    running.command("reload", id="4")
    wait_for(lambda: STATES - {"repeated"} <= running.found("command", "state"))
    running.command("threshold", id="1", rule="too_warm", threshold="warm", value=20)
    wait_for(lambda: running.found("command", "state") >= STATES)
    wait_for(lambda: "firing" in running.found("alert", "state"))
    wait_for(lambda: "output" in running.kinds())


def go_back_in_time(running, wait_for):
    """Let a backup take the log's place: the offsets between are reported as a gap."""
    log = running.agent.log
    assert running.agent.stop() == 0
    shutil.copy(log, log.with_suffix(".backup"))
    count = len(running.events())
    running.agent.start()
    wait_for(lambda: len(running.events()) > count + 5)
    assert running.agent.stop() == 0
    shutil.move(log.with_suffix(".backup"), log)
    running.agent.start()
    wait_for(lambda: {"gap", "aggregate"} <= running.kinds())


def broken_by_release(events):
    """Return what a schema of any release does not accept."""
    schemas = [json.loads(path.read_text()) for path in RELEASED]
    whole = [Draft202012Validator(one) for one in schemas if one["title"] == "CloudEvent"]
    return [error.message for one in whole for event in events for error in one.iter_errors(event)]


def test_what_the_greenhouse_delivers_keeps_its_contract_and_older_ones(running, wait_for, capsys):
    let_everything_happen(running, wait_for)
    go_back_in_time(running, wait_for)
    assert running.agent.stop() == 0
    events = running.events()
    assert running.kinds() == set(KINDS)
    assert [problem for event in events for problem in problems_of(event)] == []
    assert broken_by_release(events) == []
    options = ["--set", f"log.path={running.agent.log}"]
    with pytest.raises(SystemExit) as ended:
        main(["check", str(running.agent.config), "--events", *options])
    assert (ended.value.code, "no problems" in capsys.readouterr().out) == (0, True)
