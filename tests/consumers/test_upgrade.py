"""Old and new nodes of a fleet, side by side."""

import json

import duckdb
import paho.mqtt.client as paho
import pytest

from simulators.fleet.node import FleetNode
from simulators.fleet.plan import NodePlan

START, TICKS = 1_780_000_000.0, 30


def upgraded(payload, offset):
    """Return an event as a newer node writes it: with fields that no consumer knows yet."""
    event = json.loads(payload)
    data = event["data"] | {"confidence": 0.9}
    return json.dumps(event | {"data": data, "firmware": "2.0", "id": moved(event["id"], offset)})


def second_version(payload, offset):
    """Return the same in a version of its own, which is written beside the first one."""
    event = json.loads(payload)
    data = {
        "channels": [{"name": name, "value": one} for name, one in event["data"]["values"].items()]
    }
    kind = {"type": "edge.reading.v2", "data": data, "id": moved(event["id"], offset)}
    return json.dumps(event | kind)


def moved(event_id, offset):
    return f"{event_id.split(':')[0]}:{offset}"


def payloads(name, *versions):
    """Return the topics and payloads of a node that writes every event in these versions."""
    node, offset = FleetNode(NodePlan(name), START, 10.0, 1), 0
    for number in range(TICKS):
        for message in node.tick(number):
            for version in versions:
                offset += 1
                yield message.topic, version(message.payload, offset)


@pytest.fixture
def publish(broker):
    """A function: publish messages, and wait until the broker has them."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def send(messages):
        for info in [client.publish(topic, payload, qos=1) for topic, payload in messages]:
            info.wait_for_publish(60)

    yield send
    client.disconnect()
    client.loop_stop()


def test_consumers_take_old_and_new_nodes_and_two_versions_side_by_side(
    broker, publish, command, tmp_path
):
    store = ("--store", f"duckdb:{tmp_path / 'fleet.duckdb'}", "--state", tmp_path / "state")
    aggregate = ("aggregate", broker.url, *store, "--group", "a", "--until-quiet", "2s", "--json")
    audit = ("audit", broker.url, "--group", "b", "--until-quiet", "--settle", "2s", "--json")
    for register in (aggregate, audit):  # the broker keeps what comes from now on
        command(*register)
    publish(payloads("old", lambda payload, _: payload))
    publish(payloads("new", upgraded))
    publish(payloads("both", upgraded, second_version))
    stored, judged = command(*aggregate), command(*audit)
    assert (stored.returncode, judged.returncode) == (0, 0), stored.stderr + judged.stderr
    assert json.loads(stored.stdout)["dead"] == 0
    assert {log["lost"]["total"] for log in json.loads(judged.stdout)["logs"]} == {0}
    with duckdb.connect(str(tmp_path / "fleet.duckdb"), read_only=True) as connection:
        counts = dict(
            connection.execute("SELECT node, count(*) FROM readings GROUP BY 1").fetchall()
        )
    assert counts == {"old": 3 * TICKS, "new": 3 * TICKS, "both": 3 * TICKS}
