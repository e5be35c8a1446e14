"""The configuration of docs/recipes.md in a real Telegraf: live values become lines of InfluxDB."""

import os
import subprocess

import pytest
from lab.agent import AgentProcess

from benchmarks.telegraf import telegraf
from tests.configurations import shed
from tests.telegraf.influx import Influx

pytestmark = pytest.mark.nightly


@pytest.fixture
def influx():
    """A server that takes what Telegraf writes."""
    server = Influx()
    yield server
    server.stop()


@pytest.fixture
def running_telegraf(root, tmp_path, broker, influx):
    """Run a Telegraf with the file of the page, which sends at once; its servers are ours."""
    text = (root / "examples/recipes/telegraf.conf").read_text()
    ours = {
        "tcp://broker.lan:1883": f"tcp://127.0.0.1:{broker.port}",
        "http://influx.lan:8086": influx.url,
    }
    for theirs, own in ours.items():
        assert theirs in text
        text = text.replace(theirs, own)
    file = tmp_path / "telegraf.conf"
    file.write_text(f'[agent]\nflush_interval = "100ms"\n{text}')
    environment = os.environ | {"INFLUX_TOKEN": "s3cret"}
    with (tmp_path / "telegraf.txt").open("wb") as output:
        command = [telegraf(), "--config", file]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    yield
    process.terminate()
    process.wait(60)


@pytest.fixture
def agent(tmp_path, broker):
    """A running agent with a sensor."""
    process = AgentProcess(tmp_path, broker.url, shed(broker.url))
    yield process.start()
    process.stop()


@pytest.mark.usefixtures("running_telegraf", "agent")
def test_a_live_value_becomes_a_line_with_node_and_device(influx, wait_for):
    first = wait_for(lambda: next(iter(influx.written), None))
    assert first.path == "/api/v2/write?bucket=edge&org=home"
    assert first.token == "Token s3cret"
    tags, fields, _ = first.lines[0].split(" ")
    assert tags.startswith("edge,")
    assert {"node=shed", "device=air"} <= set(tags.split(","))
    values = dict(field.split("=") for field in fields.split(","))
    assert values.keys() == {"temperature", "humidity"}
    assert -40 < float(values["temperature"]) < 125
