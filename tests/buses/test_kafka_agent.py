"""The real agent, killed (-9) at random, with a real Kafka behind it."""

import json
import subprocess

import pytest
from lab.agent import AgentProcess
from lab.waiting import eventually

from tests.buses.kafka_reader import in_order, stored
from tests.buses.kills import kill_at_random
from tests.buses.servers.kafka_tools import run
from tests.configurations import load

KILLS = 12
SINK = """
[[sink]]
name = "bus"
url = "{url}"
from = "beginning"
"""


@pytest.fixture
def agent(kafka, tmp_path):
    # The agent does not trust the clock of every machine that tests.
    kafka.create(tmp_path.name, 3, message_timestamp_type="LogAppendTime")
    config = load(5) + SINK.format(url=f"{kafka.url}/{tmp_path.name}")
    process = AgentProcess(tmp_path, "", config)
    yield process
    if process.is_running():
        process.kill()


def test_an_agent_killed_at_random_moments_loses_nothing_that_it_had_confirmed(
    agent, kafka, tmp_path
):
    kill_at_random(agent, "bus", kafka, KILLS)
    logged = {event.offset: event for event in agent.events()}
    found = stored(kafka, tmp_path.name)
    assert {one.offset for one in found} >= set(range(1, agent.cursor("bus") + 1))
    assert {one.offset for one in found} <= logged.keys()
    assert {one.key for one in found} <= {f"load/{event.source}" for event in logged.values()}
    assert in_order(found)
    twice = [one.offset for one in found]
    assert len(twice) - len(set(twice)) <= KILLS * 1000


def test_kcat_reads_what_the_agent_has_written(agent, kafka, tmp_path):
    agent.start()
    eventually(lambda: agent.starts() == 1)
    eventually(lambda: agent.cursor("bus") > 100)
    assert agent.stop() == 0
    command = ["kcat", "-C", "-b", kafka.servers, "-t", tmp_path.name, "-o", "beginning"]
    command += ["-e", "-q", "-f", "%k %h %s\n"]
    read = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = read.stdout.splitlines()
    assert len(lines) >= 100
    assert all(line.startswith("load/") and '"specversion":"1.0"' in line for line in lines)
    assert all("content-type=application/cloudevents+json" in line for line in lines)


def test_kafkas_own_consumer_in_java_reads_what_the_agent_has_written(agent, kafka, tmp_path):
    agent.start()
    eventually(lambda: agent.starts() == 1)
    eventually(lambda: agent.cursor("bus") > 100)
    assert agent.stop() == 0
    options = ["--topic", tmp_path.name, "--from-beginning", "--max-messages", "100"]
    lines = run(kafka, "consumer.ConsoleConsumer", *options)
    events = [json.loads(line) for line in lines]
    offsets = {event.offset for event in agent.events()}
    assert len(events) == 100
    assert {int(event["id"].split(":")[1]) for event in events} <= offsets
