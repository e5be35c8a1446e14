"""Discovery by Home Assistant: the real program on a real broker."""

import json
import signal

import paho.mqtt.publish as mqtt
import pytest
from lab.agent import AgentProcess

from tests.configurations import AIR, FAN, warm

ON = "[home_assistant]\nenabled = true\n"
ALLOW = '[commands]\nallow = ["set"]\n'
TOPIC = "homeassistant/device/shed/config"


def shed(*tables):
    return "\n".join(['node = "shed"', "[log]\ncommit_interval = 0", *tables])


@pytest.fixture
def agent(tmp_path, broker):
    """A function: start the program with tables, or again with others; it is stopped at the end."""
    process = AgentProcess(tmp_path, broker.url, "")

    def start(*tables):
        process.stop()
        process.config.write_text(shed(*tables))
        return process.start()

    yield start
    process.stop()


@pytest.fixture
def latest(broker, subscriber):
    """A function: return the latest payload of a topic."""
    received = subscriber(broker.port)

    def find(topic):
        found = [payload for name, payload, _ in received if name == topic]
        return found[-1] if found else None

    return find


@pytest.fixture
def components(latest):
    """A function: return the entities that are discoverable now."""

    def find():
        message = json.loads(latest(TOPIC) or "{}")
        return {key for key, one in message.get("components", {}).items() if "unique_id" in one}

    return find


def test_it_is_discoverable_for_whoever_comes_later(
    agent, broker, subscriber, components, wait_for
):
    agent(ON, AIR, FAN)
    wait_for(components)
    late = subscriber(broker.port, TOPIC)
    wait_for(lambda: late)
    assert [retained for _, _, retained in late] == [True]
    assert "sensor_air_temperature" in json.loads(late[0][1])["components"]


def test_alerts_are_inactive_and_figures_shown_from_the_start(agent, latest, wait_for):
    agent(ON, AIR, FAN, warm(limit=100))
    wait_for(lambda: latest("edge/shed/alert/warm"))
    assert json.loads(latest("edge/shed/alert/warm"))["state"] == "inactive"
    figures = lambda: json.loads(latest("edge/shed/diagnostics") or "{}")  # noqa: E731
    wait_for(lambda: "sinks" in figures())
    assert figures()["sinks"]["mqtt"]["waiting"] >= 0


def test_when_home_assistant_starts_it_gets_everything_again(
    agent, broker, subscriber, latest, wait_for
):
    agent(ON, AIR.replace("50ms", "30s"), FAN)
    wait_for(lambda: latest("edge/shed/output/fan"))
    later = subscriber(broker.port)
    wait_for(lambda: len(later) > 1)  # what is retained
    del later[:]
    mqtt.single("homeassistant/status", "online", port=broker.port)
    wanted = {TOPIC, "edge/shed/output/fan", "edge/shed/state/air"}
    wait_for(lambda: wanted <= {topic for topic, _, retained in later if not retained})


def test_what_a_reload_removes_vanishes_and_stays_so_after_a_restart(
    agent, latest, components, wait_for
):
    process = agent(ON, ALLOW, AIR, FAN)
    wait_for(lambda: "switch_output_fan" in components())
    process.config.write_text(shed(ON, ALLOW, AIR))
    process.send(signal.SIGHUP)
    wait_for(lambda: components() and "switch_output_fan" not in components())
    message = latest(TOPIC)
    assert json.loads(message)["components"]["switch_output_fan"] == {"platform": "switch"}
    process = agent(ON, ALLOW, AIR)
    wait_for(lambda: process.starts() == 2)
    wait_for(lambda: latest("edge/shed/status") == b"online")
    assert latest(TOPIC) == message


def test_an_output_that_is_added_again_is_shown_again(agent, latest, wait_for):
    process = agent(ON, ALLOW, AIR, FAN)
    wait_for(lambda: latest("edge/shed/output/fan"))
    for tables, shown in (((ON, AIR), False), ((ON, AIR, FAN), True)):
        process.config.write_text(shed(*tables))
        process.send(signal.SIGHUP)
        wait_for(lambda shown=shown: bool(latest("edge/shed/output/fan")) == shown)


def test_switched_off_by_a_restart_it_is_not_discoverable_any_more(agent, latest, wait_for):
    agent(ON, AIR)
    wait_for(lambda: latest(TOPIC))
    agent(AIR)
    wait_for(lambda: latest(TOPIC) == b"")


def test_switched_on_and_off_by_reloads_the_broker_forgets_it(agent, latest, wait_for):
    process = agent(AIR)
    wait_for(lambda: latest("edge/shed/state/air"))
    assert latest(TOPIC) is None
    process.config.write_text(shed(ON, AIR))
    process.send(signal.SIGHUP)
    wait_for(lambda: latest(TOPIC))
    process.config.write_text(shed(AIR))
    process.send(signal.SIGHUP)
    wait_for(lambda: latest(TOPIC) == b"")


def test_with_topics_of_another_kind_commands_and_discovery_are_below_them(
    agent, broker, latest, wait_for
):
    agent('[mqtt]\ntopic = "site/{node}/v1"\n', ON, ALLOW, AIR, FAN)
    wait_for(lambda: latest("site/shed/v1/status") == b"online")
    wait_for(lambda: latest(TOPIC))
    assert b"edge/shed" not in latest(TOPIC)
    assert b"site/shed/v1/state/air" in latest(TOPIC)
    command = "site/shed/v1/command/set"
    mqtt.single(command, json.dumps({"output": "fan", "value": "on"}), port=broker.port)
    wait_for(lambda: latest(f"{command}/response"))
    wait_for(lambda: json.loads(latest("site/shed/v1/output/fan"))["value"] == 1)
    assert latest("edge/shed/status") is None
