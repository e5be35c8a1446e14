"""What the sink needs of a Kafka client, whichever library it is."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from edge_agent.deliver.kafka.record import Record
from edge_agent.deliver.kafka.target import KafkaTarget
from edge_agent.deliver.kafka.window import Outcomes
from edge_agent.deliver.packages import Package

CONFLUENT_KAFKA = Package("confluent_kafka", "confluent-kafka", "kafka")


class TopicFacts(NamedTuple):
    """What a cluster says of a topic.

    `appends`: records get the time at which they arrive, not the time that they say.
    `largest`: bytes of the largest record; None if the cluster does not say.
    """

    appends: bool = False
    largest: int | None = None


class Producing(Protocol):
    """A producer for one topic; see `RecordProducer`."""

    slowed: float

    def send(self, offset: int, key: str, record: Record) -> bool:
        """Hand a record over; return false if there is no room now. Raise ProducerFailed."""
        ...

    def outcomes(self, seconds: float) -> Outcomes:
        """Wait until some are settled, or for these seconds. Raise ProducerFailed."""
        ...

    def close(self) -> Outcomes:
        """Forget what is on its way; return what is known of it."""
        ...


class KafkaLibrary(NamedTuple):
    """What the sink needs of a Kafka client.

    `look` takes what reports life and returns whether to go on, and whether to look closely;
    `connect` takes the size of the largest record, and whether to be careful.
    """

    look: Callable[[KafkaTarget, Callable[[], bool], bool], TopicFacts]
    connect: Callable[[KafkaTarget, int, bool], Producing]


def require_library() -> None:
    """Raise MissingPackage without confluent-kafka."""
    if not CONFLUENT_KAFKA.installed:
        raise CONFLUENT_KAFKA.missing
