"""The MQTT event sink: the complete log, in order, at least once."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from edge_agent.deliver.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE, Envelope, split
from edge_agent.deliver.mqtt.connection import Job, Post, Settlement
from edge_agent.deliver.mqtt.session import MAX_PACKET, ContentType
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent

WAIT_SECONDS = 5.0

# What `publish` of the configuration leaves in the log: history that this sink does not want.
UNWANTED = {"all": "", "readings": "aggregate", "aggregates": "reading"}


class MqttEvents:
    """Publishes below `prefix`: one topic for each event, or batches of `max_batch` on one."""

    name = "mqtt"

    def __init__(
        self,
        prefix: str,
        envelope: Envelope,
        post: Callable[[Post], None],
        *,
        max_batch: int,
        publish: str = "all",
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._prefix = prefix
        self._envelope = envelope
        self._post = post
        self._max_batch = max_batch
        self._unwanted = UNWANTED[publish]
        self._progress = progress
        self._properties = ContentType(BATCH_CONTENT_TYPE if max_batch > 1 else CONTENT_TYPE)

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Publish a batch and wait for its acknowledgements; see `Sink`."""
        wanted = [event for event in batch if event.kind != self._unwanted]
        if not wanted:
            return len(batch)
        try:
            return _leading(batch, wanted, self._publish(wanted))
        except EventRejected as error:
            settled = _leading(batch, wanted, error.settled)
            raise EventRejected(settled, dict(error.refused)) from None

    def _publish(self, batch: Sequence[LoggedEvent]) -> int:
        groups = self._groups(batch)
        reply: SimpleQueue[Settlement] = SimpleQueue()
        self._post(Job([self._message(group) for group in groups], self._properties, reply))
        settlement = self._settlement(reply)
        count = sum(map(len, groups[: settlement.settled]))
        refused = {
            event.offset: reason for n, reason in settlement.refused.items() for event in groups[n]
        }
        if refused:
            raise EventRejected(count, refused)
        if count == 0:
            raise SinkUnavailable(settlement.error)
        return count

    def _settlement(self, reply: "SimpleQueue[Settlement]") -> Settlement:
        while True:
            try:
                return reply.get(timeout=WAIT_SECONDS)
            except Empty:
                self._progress()  # it is the connection that has to move

    def _groups(self, batch: Sequence[LoggedEvent]) -> list[Sequence[LoggedEvent]]:
        if self._max_batch == 1:
            return [(event,) for event in batch]
        return split(batch, self._max_batch, MAX_PACKET - 1000)

    def _message(self, group: Sequence[LoggedEvent]) -> tuple[str, bytes]:
        if self._max_batch > 1:
            return f"{self._prefix}/batch", self._envelope.encode_batch(group)
        event = group[0]
        topic = f"{self._prefix}/event/{event.kind}/{event.source}"
        return topic, self._envelope.encode(event)


def _leading(batch: Sequence[LoggedEvent], wanted: Sequence[LoggedEvent], count: int) -> int:
    """Return how many of the batch are settled, with what nobody wants in between."""
    return len(batch) if count == len(wanted) else batch.index(wanted[count])
