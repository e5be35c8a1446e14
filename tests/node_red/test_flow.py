"""The flow of docs/recipes.md in a real Node-RED: an alert comes, and a button sets an output."""

import json

import pytest
from lab.agent import AgentProcess

from tests.configurations import AIR, FAN, warm
from tests.node_red.server import NodeRed

pytestmark = pytest.mark.nightly
HEAD = 'node = "greenhouse"\n[log]\ncommit_interval = 0\n[commands]\nallow = ["set"]\n'
ALERT = warm(10).replace('set = { fan = "on" }', 'message = "it is warm"')


@pytest.fixture
def flow(root, broker):
    """The flow of the page as a user imports it; what it shows is in the log, too."""
    nodes = json.loads((root / "examples/recipes/node-red.json").read_text())
    (server,) = (one for one in nodes if one["type"] == "mqtt-broker")
    server |= {"broker": "127.0.0.1", "port": str(broker.port)}
    (shown,) = (one for one in nodes if one["type"] == "debug")
    shown["console"] = True
    return nodes


@pytest.fixture
def node_red(tmp_path, flow):
    """A running Node-RED with the flow."""
    server = NodeRed(tmp_path / "node-red")
    try:
        server.import_flow(flow)
        yield server
    finally:
        server.stop()


@pytest.fixture
def greenhouse(tmp_path, broker):
    """An agent with a rule that fires and a fan that no rule sets, not yet started."""
    agent = AgentProcess(tmp_path, broker.url, f"{HEAD}{AIR}{FAN}{ALERT}")
    yield agent
    agent.stop()


def test_an_alert_is_shown_and_the_button_switches_the_fan(
    node_red, greenhouse, broker, subscriber, wait_for
):
    received = subscriber(broker.port, "edge/greenhouse/output/fan")
    wait_for(lambda: node_red.says("Connected to broker"))
    greenhouse.start()
    wait_for(lambda: node_red.says("it is warm"))
    assert values(received) == [0]
    node_red.press("edge.button")
    wait_for(lambda: values(received) == [0, 1])


def values(received):
    """Return what the fan was set to, from its live states."""
    return [json.loads(body)["value"] for _, body, _ in received]
