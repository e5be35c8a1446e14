"""librdkafka's idempotent producer, as far as the sink uses it."""

from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, ThrottleEvent
from confluent_kafka import Producer as Library

from edge_agent.deliver.kafka.library_log import LibraryLog
from edge_agent.deliver.kafka.obstacle import ProducerFailed, refused_settings
from edge_agent.deliver.kafka.record import Record
from edge_agent.deliver.kafka.target import KafkaTarget, client_settings
from edge_agent.deliver.kafka.window import Outcomes

OVERHEAD = 200  # bytes of a record beside key, value and headers, and of the batch around it
PURGED = {"_PURGE_QUEUE", "_PURGE_INFLIGHT"}
# The order of a key is that of the log, whatever fails: one request at a time, and after a failure
# none behind it. Our own deadlines, not the library's, end a delivery: a record that expires in its
# queue would let later ones pass.
SETTINGS: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "max.in.flight.requests.per.connection": 1,
    "message.timeout.ms": 0,
    "linger.ms": 2,
    "partitioner": "murmur2_random",  # as Java clients choose: keys of both meet in one partition
}


LEAST = 1000  # bytes: the library wants no lower limit
BUFFER = 16_000  # kB of records that wait in the library, and room for one of the largest


class RecordProducer:
    """Sends records to one topic, and collects what became of them.

    A careful one reports the exact reason of a failure, and must send one record at a time.
    `slowed` is for how many seconds the cluster last made it wait, because of a quota.
    """

    def __init__(self, target: KafkaTarget, largest: int, careful: bool) -> None:
        """Connect in the background; raise AgentError if the settings cannot be used."""
        self._topic = target.topic
        self.slowed = 0.0
        self._outcomes: Outcomes = {}
        own: dict[str, Any] = {
            "enable.gapless.guarantee": not careful,
            "compression.type": target.compression,
            "message.max.bytes": max(largest - OVERHEAD, LEAST),
            "batch.size": max(largest - OVERHEAD, LEAST),
            "queue.buffering.max.kbytes": BUFFER + largest // 1000,
        }
        settings = client_settings(target) | SETTINGS | own
        callbacks = {"error_cb": _ignore, "throttle_cb": self._slow_down}
        try:
            self._library = Library(settings | callbacks, logger=LibraryLog())
        except KafkaException as error:
            raise refused_settings(error) from None

    def send(self, offset: int, key: str, record: Record) -> bool:
        """Hand a record over; return false if there is no room now. Raise ProducerFailed."""
        try:
            self._library.produce(
                self._topic,
                record.value,
                key=key,
                headers=record.headers,
                on_delivery=partial(_settled, self._outcomes, offset),
            )
        except BufferError:
            return False
        except KafkaException as error:
            raise _failure(error) from error
        return True

    def outcomes(self, seconds: float) -> Outcomes:
        """Wait until records are settled, or for these seconds; return what is known.

        Raise ProducerFailed if nothing more will be.
        """
        try:
            self._library.poll(seconds)
        except (KafkaException, SystemError) as error:  # the latter if a callback follows a failure
            raise _failure(error) from error
        return self._taken()

    def close(self) -> Outcomes:
        """Forget what is on its way; return what is known of it."""
        try:
            self._library.purge()
            self._library.flush(0)
        except (KafkaException, SystemError):
            pass  # it has failed before
        return {offset: error for offset, error in self._taken().items() if error not in PURGED}

    def _slow_down(self, event: ThrottleEvent) -> None:
        self.slowed = event.throttle_time

    def _taken(self) -> Outcomes:
        taken = self._outcomes.copy()
        self._outcomes.clear()
        return taken


def _settled(outcomes: Outcomes, offset: int, error: KafkaError | None, _message: Message) -> None:
    outcomes[offset] = "" if error is None else error.name()


def _failure(error: BaseException) -> ProducerFailed:
    """Return what an error of the library means; a SystemError hides the one that it follows."""
    reason = error.args[0] if error.args else error
    if isinstance(reason, KafkaError):
        return ProducerFailed(reason.name(), reason.str())
    return _failure(error.__cause__) if error.__cause__ else ProducerFailed("_FATAL", str(error))


def _ignore(_error: KafkaError) -> None:
    """Take what the look at the topic finds out better."""
