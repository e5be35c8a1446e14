"""One batch on its way to a broker: the window, and what became of each message."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edge_agent.deliver.amqp.message import AmqpMessage

if TYPE_CHECKING:
    from queue import SimpleQueue

WINDOW = 1000  # messages that may be unconfirmed at once: a batch of the forwarder
ENOUGH = WINDOW // 2  # confirmed: the next batch continues with the rest
TRY_AGAIN = "the agent tries again"


class BrokerFailure(NamedTuple):
    """What stands in the way of a delivery, and what to do about it."""

    what: str
    remedy: str = TRY_AGAIN


class Settled(NamedTuple):
    """What became of a batch: the first `leading` messages are settled, some of them refused."""

    leading: int
    refused: dict[int, str]
    failure: BrokerFailure | None


class Publication:
    """Messages to publish in order; what became of them goes to `reply`."""

    def __init__(self, messages: Sequence[AmqpMessage], reply: "SimpleQueue[Settled]") -> None:
        self.messages = messages
        self.next = 0
        self.unconfirmed = self.reported = 0
        self.failure: BrokerFailure | None = None
        self._reply = reply
        self._settled = bytearray(len(messages))
        self._refused: dict[int, str] = {}

    @property
    def over(self) -> bool:
        """Return whether nothing more is to come."""
        all_sent = self.failure is not None or self.next == len(self.messages)
        return all_sent and not self.unconfirmed

    @property
    def mostly_over(self) -> bool:
        """Return whether the next batch may follow already, so that the window stays full."""
        whole = self.failure is None and self.next == len(self.messages) >= WINDOW
        return whole and self.leading >= ENOUGH

    @property
    def leading(self) -> int:
        """Return how many of the first messages are settled."""
        return self._settled.find(0) % (len(self.messages) + 1)

    @property
    def stuck(self) -> bool:
        """Return whether the broker could not store events, not even the first one."""
        return self.failure is NOT_STORED and not self.leading

    def continues(self, before: "Publication") -> bool:
        """Return whether it begins where the settled part of another one ends."""
        rest = before.messages[before.reported :]
        return len(rest) > 0 and rest == self.messages[: len(rest)]

    def adopt(self, before: "Publication") -> None:
        """Take over what became of messages that another one has published."""
        self.next = len(before.messages) - before.reported
        self.unconfirmed, self.failure = before.unconfirmed, before.failure
        settled, refused = before.rest()
        self._settled[: self.next] = settled
        self._refused = refused

    def rest(self) -> tuple[bytearray, dict[int, str]]:
        """Return what became of the messages behind the reported ones, numbered from 0."""
        refused = {n - self.reported: why for n, why in self._refused.items() if n >= self.reported}
        return self._settled[self.reported :], refused

    def is_settled(self, n: int) -> bool:
        """Return whether message `n` was confirmed or refused."""
        return bool(self._settled[n])

    def settle(self, n: int, refusal: str = "") -> None:
        """Note that message `n` is the broker's now, or refused for good."""
        self._settled[n] = 1
        if refusal:
            self._refused[n] = refusal

    def rewind(self) -> None:
        """Begin again with the first unsettled message: its channel is gone."""
        self.next, self.unconfirmed = max(self._settled.find(0), 0), 0

    def finish(self, failure: BrokerFailure | None = None) -> None:
        """Report; what lies behind the first unsettled message is sent again."""
        self.reported = self.leading
        refused = {n: why for n, why in self._refused.items() if n < self.reported}
        self._reply.put(Settled(self.reported, refused, failure or self.failure))


class ConfirmedChannel:
    """A channel that confirms: numbers messages as the broker does, and keeps to the window.

    The window begins with one message, and grows with each that is confirmed: while the broker
    refuses, one event after another tries the way, so the order stays.
    """

    def __init__(self, publish: Callable[[AmqpMessage], None], largest: float) -> None:
        self._publish = publish
        self._largest = largest
        self._window = 1
        self._tag = 0
        self._unconfirmed: dict[int, tuple[Publication, int]] = {}
        self._returned: dict[str, str] = {}

    def send(self, job: Publication) -> None:
        """Publish as far as the window allows."""
        while (
            job.failure is None
            and job.next < len(job.messages)
            and len(self._unconfirmed) < self._window
        ):
            if not job.is_settled(job.next):
                self._send_one(job, job.next)
            job.next += 1

    def _send_one(self, job: Publication, n: int) -> None:
        message = job.messages[n]
        refusal = message.mistake
        if len(message.body) > self._largest:
            size = f"{len(message.body)} bytes"
            refusal = f"{size} are more than the broker's max_message_size, {self._largest}"
        if refusal:
            job.settle(n, refusal)
            return
        self._publish(message)
        self._tag += 1
        self._unconfirmed[self._tag] = job, n
        job.unconfirmed += 1

    def hand_over(self, before: Publication, job: Publication) -> None:
        """Let a job that continues another one hear of the confirmations of both."""
        job.adopt(before)
        for tag, (_, n) in self._unconfirmed.items():
            self._unconfirmed[tag] = job, n - before.reported

    def give_back(self, message_id: str, why: str) -> None:
        """Note that the broker returns a message; its confirmation follows."""
        self._returned[message_id] = why

    def confirm(self, tag: int, *, multiple: bool) -> None:
        """Note that the broker has a message, or all up to it."""
        for job, n in self._taken(tag, multiple=multiple):
            why = self._returned.pop(job.messages[n].id, None)
            if why is None:
                job.settle(n)
                self._window = min(self._window + 1, WINDOW)
            else:
                self._fail(job, unroutable(job.messages[n], why))

    def refuse(self, tag: int, *, multiple: bool) -> None:
        """Note that the broker could not store a message, or all up to it."""
        for job, _ in self._taken(tag, multiple=multiple):
            self._fail(job, NOT_STORED)

    def _fail(self, job: Publication, failure: BrokerFailure) -> None:
        job.failure = job.failure or failure
        self._window = 1

    def _taken(self, tag: int, *, multiple: bool) -> list[tuple[Publication, int]]:
        tags = [tag]
        if multiple:  # tags grow, and a dictionary keeps their order
            tags = []
            for one in self._unconfirmed:
                if one > tag:
                    break
                tags.append(one)
        found = [self._unconfirmed.pop(one) for one in tags if one in self._unconfirmed]
        for job, _ in found:
            job.unconfirmed -= 1
        return found


NOT_STORED = BrokerFailure(
    "the broker could not store an event (nack)",
    "look if the queue is full, or a quorum queue has lost its majority",
)


def unroutable(message: AmqpMessage, why: str) -> BrokerFailure:
    """Return what it means that a message was returned."""
    return BrokerFailure(
        f"no queue takes events with the routing key {message.routing_key} ({why})",
        "bind a queue to the exchange, or take the kind out of kinds",
    )
