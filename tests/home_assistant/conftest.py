from functools import partial
from pathlib import Path

import pytest
from lab.agent import AgentProcess
from lab.waiting import eventually

from tests.buses.versions import of_debian
from tests.home_assistant.node import Node
from tests.home_assistant.server import PATIENCE, HomeAssistant, program, version
from tests.run_report import RunReport

HERE = Path(__file__).parent


def pytest_configure(config):
    if config.getoption("--report"):
        config.pluginmanager.register(RunReport("home_assistant", versions))


def versions():
    """Yield Home Assistant and the broker, each with its version."""
    yield f"Home Assistant {version()}"
    yield f"mosquitto {of_debian('mosquitto')}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give every test in this folder the marker, before those that have it are left out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("home_assistant")


@pytest.fixture
def wait_for():
    """A function: wait until a condition is true, for as long as Home Assistant may take."""
    return partial(eventually, seconds=PATIENCE)


@pytest.fixture
def new_home(tmp_path, broker):
    """A Home Assistant that has the broker, and was never started."""
    server = HomeAssistant(program(), tmp_path / "home", broker.port)
    yield server
    server.stop()


@pytest.fixture
def home(new_home):
    """A running Home Assistant, which has the broker."""
    return new_home.start()


@pytest.fixture
def node(tmp_path, broker, subscriber):
    """A simulated node, which is not started yet."""
    process = AgentProcess(tmp_path, broker.url, "")
    yield Node(process, subscriber(broker.port))
    process.stop()
