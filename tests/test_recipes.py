"""Every recipe of docs/recipes.md does what the page says, as far as its program is at hand."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from lab.agent import AgentProcess
from paho.mqtt.client import topic_matches_sub

from drivers.base.driver import read
from drivers.bh1750 import BH1750
from drivers.lm75 import LM75
from edge_agent.blueprint import resolve
from edge_agent.testing import Bench
from simulators import bh1750, lm75
from tests.configurations import shed

TOML = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def recipes(root):
    return root / "examples/recipes"


@pytest.fixture
def alerting(tmp_path, broker, subscriber, wait_for):
    """Start an agent whose rule fires; return what its broker has published."""
    seen = subscriber(broker.port)
    process = AgentProcess(tmp_path, broker.url, shed(broker.url))
    yield (
        lambda: (
            process.start()
            and wait_for(lambda: [message for message in seen if "/event/alert/" in message[0]])
        )
    )
    process.stop()


def test_the_python_subscriber_prints_an_alert(recipes, broker, alerting, tmp_path, wait_for):
    output = tmp_path / "subscriber.txt"
    words = [sys.executable, str(recipes / "subscriber.py"), "127.0.0.1", str(broker.port)]
    with output.open("wb") as file:
        process = subprocess.Popen(words, stdout=file)
    try:
        wait_for(lambda: output.read_text() == "listening\n")
        alerting()
        wait_for(lambda: output.read_text().rstrip().endswith(" shed warm firing"))
    finally:
        process.kill()
        process.wait()


def test_every_wire_of_the_node_red_flow_leads_somewhere(recipes):
    flow = {node["id"]: node for node in json.loads((recipes / "node-red.json").read_text())}
    for node in flow.values():
        assert {one for wire in node.get("wires", []) for one in wire} <= flow.keys()
        named = ("z",) if node["type"] == "mqtt-broker" else ("z", "broker")
        assert {node[key] for key in named if key in node} <= flow.keys()
    assert topic_matches_sub(flow["edge.alerts"]["topic"], "edge/shed/event/alert/warm")
    assert json.loads(flow["edge.button"]["payload"]).keys() == {"output", "value", "for"}


def test_the_function_of_the_node_red_flow_passes_on_what_fires(recipes):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the function is not run")
    flow = {one["id"]: one for one in json.loads((recipes / "node-red.json").read_text())}
    event = {
        "source": "urn:edge:shed",
        "subject": "warm",
        "data": {"state": "firing", "message": "it is warm"},
    }
    script = f"const f = new Function('msg', {json.dumps(flow['edge.firing']['func'])});"
    script += f"console.log(JSON.stringify(f({{payload: {json.dumps(event)}}})));"
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"topic": "shed/warm", "payload": "it is warm"}


def test_telegraf_reads_the_topics_that_the_agent_has(recipes):
    config = tomllib.loads((recipes / "telegraf.conf").read_text())
    (source,) = config["inputs"]["mqtt_consumer"]
    (parsing,) = source["topic_parsing"]
    state = "edge/shed/state/air"
    assert topic_matches_sub(source["topics"][0], state)
    tags = dict(zip(parsing["tags"].split("/"), state.split("/"), strict=True))
    assert (tags["node"], tags["device"]) == ("shed", "air")


def blocks_of(root):
    """Return the configurations of the page."""
    return TOML.findall((root / "docs/recipes.md").read_text())


def test_the_configurations_of_the_page_are_right(root, tmp_path):
    blocks = blocks_of(root)
    assert blocks
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.toml"
        file.write_text(f'node = "shed"\n{block}')
        resolve(file)


@pytest.mark.parametrize(
    "name, driver, model",
    [("attic", LM75, lm75.LM75), ("window", BH1750, bh1750.BH1750)],
)
def test_a_chip_as_the_page_describes_it_has_the_values_of_its_own_driver(
    root, tmp_path, name, driver, model
):
    (block,) = (one for one in blocks_of(root) if "i2c_registers" in one)
    file = tmp_path / "registers.toml"
    file.write_text(f'node = "shed"\n{block}')
    (described,) = (one for one in resolve(file).devices if one.name == name)
    bench = Bench(driver, model)
    chip = described.built_on(bench.device._port)
    for share in (0.1, 0.4, 0.45):
        bench.expose(share)
        bench.sleep(1)
        values = read(chip, bench.sleep)
        assert bench.read() == pytest.approx(values, rel=1e-5)
        assert not bench.wrong(values)


def test_the_page_names_every_recipe(root, recipes):
    page = (root / "docs/recipes.md").read_text()
    assert {one.name for one in recipes.iterdir() if one.is_file()} == set(
        re.findall(r"`examples/recipes/([\w.-]+)`", page)
    )


def test_the_test_of_a_configuration_of_ones_own_passes(recipes, tmp_path):
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
    ]
    done = subprocess.run(
        [*words, str(recipes / "test_fan.py")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout
