"""One connection that reads a queue, from its login to its loss.

The thread that asks for messages drives pika's loop: heartbeats are sent while it asks.
"""

import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pika
from pika.adapters.select_connection import IOLoop
from pika.exceptions import ChannelClosed

from consumers.sources.amqp.address import AmqpQueue
from consumers.sources.amqp.failure import AGAIN, CANCELLED, NO_ANSWER, queue_failure
from edge_agent.deliver.amqp.failure import connection_failure, unexpected
from edge_agent.deliver.amqp.publication import BrokerFailure

if TYPE_CHECKING:
    from pika.channel import Channel
    from pika.spec import Basic, BasicProperties

WINDOW = 500  # messages that the broker sends before the first is acknowledged
OPEN_SECONDS = 20.0  # the login gives up before that
STEP_SECONDS = 0.5
CLOSE_SECONDS = 2.0
OFFSET = "x-stream-offset"
QUORUM = {"x-queue-type": "quorum"}
EVERYTHING = "#"  # a routing key

Begin: TypeAlias = int | str  # an offset, "first" or "next"


class LinkLost(Exception):
    """The connection or the queue is lost, or was never there."""

    def __init__(self, failure: BrokerFailure) -> None:
        super().__init__(failure.what)
        self.failure = failure


class QueueMessage(NamedTuple):
    """A message as it has arrived; `offset` is its place in a stream, None in a queue."""

    tag: int
    offset: int | None
    properties: "BasicProperties"
    body: bytes


class QueueLink:
    """Collects messages in `received` until the owner takes them.

    `stream` says whether the queue is a stream, which is read from `begin`.
    """

    def __init__(
        self, parameters: pika.ConnectionParameters, queue: AmqpQueue, begin: Begin
    ) -> None:
        self.received: list[QueueMessage] = []
        self.stream = False
        self._parameters = parameters
        self._queue = queue
        self._arguments: dict[str, Begin] | None = {OFFSET: begin}
        self._loop = IOLoop()
        self._connection: Any = None
        self._channel: Channel | None = None
        self._reading = False
        self._failure: BrokerFailure | None = None

    def open(self) -> None:
        """Log in, and begin to read; raise LinkLost."""
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=lambda _: self._open_channel(),
            on_open_error_callback=self._closed,
            on_close_callback=self._closed,
            custom_ioloop=self._loop,
        )
        deadline = time.monotonic() + OPEN_SECONDS
        while not self._reading:
            self.step(STEP_SECONDS)
            if time.monotonic() > deadline:
                raise LinkLost(NO_ANSWER)

    def step(self, seconds: float) -> None:
        """Let the connection work until a message arrives, at most for a while.

        Raise LinkLost.
        """
        self._run(seconds)
        if self._failure is not None:
            raise LinkLost(self._failure)

    def acknowledge(self, tag: int) -> None:
        """Acknowledge all messages up to one."""
        if self._channel is not None and self._channel.is_open:
            self._channel.basic_ack(tag, multiple=True)

    def close(self) -> None:
        """Send what is acknowledged, and disconnect; a broker that is silent is left alone."""
        self._reading = False
        connection, deadline = self._connection, time.monotonic() + CLOSE_SECONDS
        if connection is not None and not (connection.is_closed or connection.is_closing):
            connection.close()
        while connection is not None and not connection.is_closed:
            left = deadline - time.monotonic()
            if left < 0:
                break
            self._run(left)
        self._loop.close()

    def _run(self, seconds: float) -> None:
        timer = self._loop.call_later(seconds, self._loop.stop)
        try:
            self._loop.start()
        except Exception as error:  # noqa: BLE001 - no answer of a broker may end the consumer
            self._fail(unexpected(error, AGAIN))
        self._loop.remove_timeout(timer)

    def _open_channel(self) -> None:
        self._connection.channel(on_open_callback=self._prepare)

    def _prepare(self, channel: "Channel") -> None:
        self._channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_cancel_callback(lambda _: self._fail(CANCELLED))
        then = self._declare_exchange if self._queue.exchange else self._consume
        channel.basic_qos(prefetch_count=WINDOW, callback=lambda _: then(channel))

    def _declare_exchange(self, channel: "Channel") -> None:
        """Declare the exchange as the sink does: either of the two may be the first."""
        channel.exchange_declare(
            self._queue.exchange,
            "topic",
            durable=True,
            callback=lambda _: self._declare_queue(channel),
        )

    def _declare_queue(self, channel: "Channel") -> None:
        channel.queue_declare(
            self._queue.name, durable=True, arguments=QUORUM, callback=lambda _: self._bind(channel)
        )

    def _bind(self, channel: "Channel") -> None:
        channel.queue_bind(
            self._queue.name,
            self._queue.exchange,
            EVERYTHING,
            callback=lambda _: self._consume(channel),
        )

    def _consume(self, channel: "Channel") -> None:
        """Read the queue as a stream; if it is none, the broker says so, and closes the channel."""
        channel.basic_consume(
            self._queue.name,
            self._arrived,
            arguments=self._arguments,
            callback=lambda _: self._begun(),
        )

    def _begun(self) -> None:
        self._reading, self.stream = True, self._arguments is not None
        self._loop.stop()

    def _arrived(
        self, _: "Channel", method: "Basic.Deliver", properties: "BasicProperties", body: bytes
    ) -> None:
        if not self.received:
            self._loop.stop()
        offset = (properties.headers or {}).get(OFFSET)
        self.received.append(QueueMessage(method.delivery_tag, offset, properties, body))

    def _channel_closed(self, _channel: "Channel", error: BaseException) -> None:
        if self._arguments is not None and OFFSET in str(error):
            self._arguments = None
            self._open_channel()
        elif not isinstance(error, ChannelClosed):
            pass  # the connection's end is reported by itself
        else:
            self._fail(queue_failure(error, self._queue.name))

    def _closed(self, _connection: object, error: BaseException) -> None:
        self._fail(connection_failure(error))

    def _fail(self, failure: BrokerFailure) -> None:
        self._failure = self._failure or failure
        self._loop.stop()
