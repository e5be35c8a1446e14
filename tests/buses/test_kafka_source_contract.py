"""The contract of every source, with topics of a real Kafka."""

import pytest

from edge_agent.testing import SourceContract
from tests.buses.kafka_origin import KafkaOrigin


@pytest.fixture
def origin(kafka, tmp_path):
    return KafkaOrigin(kafka, tmp_path.name)


class TestKafka(SourceContract):
    """A group with one consumer, and with two members."""
