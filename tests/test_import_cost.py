"""What an agent imports: a Pi Zero has 512 MB, and a second for it."""

import signal
import subprocess
import sys
import tomllib

import pytest

CONFIG = """
[log]
path = "{path}"
[[device]]
name = "memory"
driver = "memory"
[[device]]
name = "load"
driver = "load"
"""
PROGRAM = """
import atexit, sys
atexit.register(lambda: print("modules:", *sys.modules))
from edge_agent.cli import main
main()
"""


@pytest.fixture
def imported(tmp_path):
    """Everything that a first start has imported, with two devices, when the agent stops."""
    config = tmp_path / "two.toml"
    config.write_text(CONFIG.format(path=tmp_path / "two.db"))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "run", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as agent:
        assert any("running: 2 devices" in line for line in agent.stderr)
        agent.send_signal(signal.SIGTERM)
        out, _ = agent.communicate(timeout=120)
    assert agent.returncode == 0
    return set(out.partition("modules:")[2].split())


def test_an_agent_imports_the_drivers_of_its_devices_and_no_other(imported, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["edge_agent.drivers"].values()
    chips = {entry.split(":")[0] for entry in entries}
    assert imported & chips == {"drivers.memory", "drivers.load"}


def test_an_agent_imports_the_sinks_of_its_configuration_and_no_other(imported, root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["edge_agent.sinks"].values()
    sinks = {entry.split(":")[0] for entry in entries}
    assert imported & sinks == {"edge_agent.deliver.mqtt.sink"}


def test_an_agent_that_is_not_for_home_assistant_imports_nothing_of_it(imported):
    of_it = {name for name in imported if "discovery" in name or "deliver.home_assistant" in name}
    of_it -= {"edge_agent.assembly.discovery"}
    assert of_it == set()
    assert "edge_agent.blueprint.discovered" not in imported


def test_an_agent_imports_of_the_contracts_only_the_envelope(imported):
    contracts = {name for name in imported if name.startswith("edge_agent.schema.")}
    assert contracts == {"edge_agent.schema.cloud_event"}


@pytest.mark.parametrize(
    "heavy",
    [
        "gpiozero",
        "microdot",
        "serial",
        "simulators",
        "amqtt",
        "botocore",
        "confluent_kafka",
        "fastavro",
        "prometheus_client",
        "rich",
        "asyncio",
        "consumers",
        "sqlite_utils",
        "dateutil",
        "wsproto",
    ],
)
def test_an_agent_without_need_of_it_imports_nothing_heavy(imported, heavy):
    assert heavy not in {name.split(".")[0] for name in imported}
