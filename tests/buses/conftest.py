from pathlib import Path

import pytest

from tests.buses.servers.kafka import Kafka

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Give every test in this folder the marker, before those that have it are left out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("buses")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """A running Kafka of one node."""
    server = Kafka(tmp_path_factory.mktemp("kafka")).start()
    yield server
    server.stop()
