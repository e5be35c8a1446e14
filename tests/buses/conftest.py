from pathlib import Path

import pytest

from tests.buses.amqp_queue import channel
from tests.buses.servers.kafka import Kafka
from tests.buses.servers.rabbitmq import Epmd, RabbitMQ
from tests.buses.versions import versions
from tests.run_report import RunReport

HERE = Path(__file__).parent


def pytest_configure(config):
    if config.getoption("--report"):
        config.pluginmanager.register(RunReport("buses", versions))


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


@pytest.fixture(scope="session")
def epmd():
    """The port mapper of all RabbitMQ nodes."""
    mapper = Epmd()
    yield mapper
    mapper.stop()


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory, epmd):
    """A running RabbitMQ node, which tests may kill if they start it again."""
    node = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"), epmd).start()
    yield node
    node.stop()


@pytest.fixture(scope="session")
def settled_queues(rabbitmq):
    """A queue of each type that a crash of its node does not harm, by type.

    RabbitMQ 3.10 syncs what it knows of a quorum queue, and of what coordinates all streams, some
    seconds after the first declaration; a node killed before that restarts without a leader.
    """
    names = {kind: f"settled-{kind}" for kind in ("quorum", "classic", "stream")}
    with channel(rabbitmq.port) as one:
        for kind, name in names.items():
            one.queue_declare(name, durable=True, arguments={"x-queue-type": kind})
    rabbitmq.settle()
    return names


@pytest.fixture
def secret(tmp_path):
    """Return what writes a secret into a file of its own, and returns the path."""

    def write(text):
        file = tmp_path / "secret"
        file.write_text(text)
        file.chmod(0o600)
        return str(file)

    return write
