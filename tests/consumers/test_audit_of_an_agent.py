"""The audit beside the real agent, through a real broker."""

import json
import time

import paho.mqtt.client as paho
import pytest

from consumers.audit.audit import Audit
from consumers.audit.following import End, Following
from consumers.audit.views import NoView
from consumers.sources.mqtt.source import MqttSource, random_client_id
from consumers.steady_clock import SteadyClock
from edge_agent.deliver.mqtt.address import Broker, parse_url

# The broker must know its subscribers again after it was killed.
KEEP = """allow_anonymous true
persistence true
persistence_location {}/
autosave_interval 1
user root
"""
FORBIDDEN = """topic readwrite edge/#
topic deny edge/load/event/reading/chip11
"""


class Auditor:
    """An audit in this process: it is subscribed as soon as it exists."""

    def __init__(self, url, *nodes):
        self.source = MqttSource(Broker((parse_url(url),), random_client_id()), nodes)
        self.source.open()
        self._audit = Audit(settle=0.0)
        clock = SteadyClock()
        self._following = Following(self.source, self._audit, NoView(), End(0.2, 9e9), clock)

    def follow(self, condition, seconds=60.0):
        """Take what arrives until the only log fulfils a condition; return its report."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._following.step()
            logs = self._audit.report(time.time()).logs
            if logs and condition(logs[0]):
                return logs[0]
        raise AssertionError(f"not within {seconds} s: {logs}")


@pytest.fixture
def auditor():
    auditors = []

    def make(url, *nodes):
        auditors.append(Auditor(url, *nodes))
        return auditors[-1]

    yield make
    for each in auditors:
        each.source.close()


@pytest.mark.parametrize("more", ["", "[mqtt]\nmax_batch = 50\n", "[mqtt]\nversions = [4]\n"])
def test_the_log_of_an_agent_is_clean(broker, agent, auditor, more):
    one = auditor(broker.url)
    running = agent(broker.url, more)
    one.follow(lambda log: log.arrived > 300)
    running.stop()
    offsets = running.offsets()
    log = one.follow(lambda log: log.last == offsets[-1])
    assert (log.nodes, log.first, log.arrived) == (("load",), 1, len(offsets))
    assert (log.clean, log.duplicated.total, log.reordered.total) == (True, 0, 0)


def test_what_an_agent_delivers_again_after_a_kill_is_duplicated_and_clean(broker, agent, auditor):
    one = auditor(broker.url)
    running = agent(broker.url)
    one.follow(lambda log: log.arrived > 200)
    running.kill()  # its cursor is committed once a second
    running.start()
    log = one.follow(lambda log: log.duplicated.total > 0)
    log = one.follow(lambda now: now.last > log.last + 100)
    assert (log.clean, log.named) == (True, 0)


def test_what_a_broker_forbids_silently_in_mqtt_3_1_1_is_lost(mosquitto, tmp_path, agent, auditor):
    rights = tmp_path / "rights"
    rights.write_text(FORBIDDEN)
    rights.chmod(0o644)
    # Without a limit of its queues, mosquitto hangs up instead of dropping.
    extra = "allow_anonymous true\nuser root\nmax_queued_messages 5000\n"
    broker = mosquitto(f"{extra}acl_file {rights}\n").start()
    one = auditor(broker.url)
    running = agent(broker.url, "[mqtt]\nversions = [4]\n")
    log = one.follow(lambda log: log.arrived > 300)
    assert not log.clean
    assert log.lost.total > 0
    assert log.gaps == {}
    running.stop()
    assert running.waiting() == 0  # the agent itself does not know


def test_a_broker_that_is_killed_and_knows_its_sessions_costs_the_audit_nothing(
    mosquitto, tmp_path, agent, auditor, wait_for
):
    broker = mosquitto(KEEP.format(tmp_path)).start()
    one = auditor(broker.url)
    agent(broker.url)
    one.follow(lambda log: log.arrived > 100)
    saved = tmp_path / "mosquitto.db"
    wait_for(lambda: saved.exists() and b"edge-consumer-" in saved.read_bytes())
    log = one.follow(lambda log: log.arrived > 200)
    broker.kill()
    broker.start()
    log = one.follow(lambda now: now.last > log.last + 300)
    assert one.source.interruptions == 0
    log = one.follow(lambda now: now.lost.total == 0)
    assert log.clean


def test_a_broker_that_forgets_the_session_is_counted(broker, agent, auditor):
    one = auditor(broker.url)
    agent(broker.url)
    log = one.follow(lambda log: log.arrived > 100)
    broker.kill()
    broker.start()
    one.follow(lambda now: now.last > log.last + 100)
    assert one.source.interruptions == 1


def test_only_the_nodes_that_are_named_are_followed(broker, agent, auditor, event, publish):
    one = auditor(broker.url, "other", "load")
    publish(broker, "edge/third/event/reading/air", event(1, node="third"))
    publish(broker, "edge/other/event/reading/air", event(1, node="other"))
    log = one.follow(lambda log: log.arrived)
    assert log.nodes == ("other",)


@pytest.fixture
def publish():
    def publish(broker, topic, body):
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        client.publish(topic, payload, qos=1).wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    return publish
