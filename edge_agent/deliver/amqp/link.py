"""One connection to a broker, with a channel that confirms; driven by pika's loop."""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pika
from pika.exceptions import ChannelClosedByBroker, ChannelClosedByClient

from edge_agent.deliver.amqp.failure import channel_failure, connection_failure, largest_message
from edge_agent.deliver.amqp.message import AmqpMessage
from edge_agent.deliver.amqp.one_write import OneWriteConnection
from edge_agent.deliver.amqp.publication import BrokerFailure, ConfirmedChannel

if TYPE_CHECKING:
    from pika.channel import Channel
    from pika.frame import Method
    from pika.spec import Basic, BasicProperties

PERSISTENT = 2


class Target(NamedTuple):
    """What takes the events: a queue by its name, or an exchange if `queue` is empty."""

    exchange: str
    queue: str
    queue_type: str
    declare: bool


class LinkOwner(Protocol):
    """What a link reports to, in the loop's thread."""

    def ready(self, link: "AmqpLink") -> None:
        """Note that the link takes messages, now or again."""

    def lost(self, link: "AmqpLink", failure: BrokerFailure) -> None:
        """Note why the link is of no use any more, or never was."""

    def moved(self, link: "AmqpLink") -> None:
        """Note that the broker has answered, or begins or ends to block."""


class AmqpLink:
    """Connects at once; `blocked` is why the broker reads nothing now, if it says so."""

    def __init__(
        self,
        parameters: pika.ConnectionParameters,
        target: Target,
        owner: LinkOwner,
        loop: "pika.adapters.select_connection.IOLoop",
    ) -> None:
        self.blocked = ""
        self.opened = False
        self.channel: Channel | None = None
        self.confirmed: ConfirmedChannel | None = None
        self._target = target
        self._owner: LinkOwner | None = owner
        self._largest = math.inf
        self._then: Callable[[], None] = lambda: None
        self._connection = OneWriteConnection(
            parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._closed,
            on_close_callback=self._closed,
            custom_ioloop=loop,
        )

    def drop(self, then: Callable[[], None] = lambda: None) -> None:
        """Report nothing any more, and close; call `then` when that is done."""
        self._owner, self._then = None, then
        if self._connection.is_closed:
            then()
        elif not self._connection.is_closing:
            self._connection.close()

    def renew(self) -> None:
        """Close the channel, and open another one; the owner hears of it by `ready`."""
        channel, self.confirmed = self.channel, None
        if channel is not None and channel.is_open:
            channel.close()

    def _opened(self, connection: pika.SelectConnection) -> None:
        self.opened = True
        connection.add_on_connection_blocked_callback(
            lambda _, frame: self._block(frame.method.reason or "no reason given")
        )
        connection.add_on_connection_unblocked_callback(lambda *_: self._block(""))
        self._open_channel()

    def _open_channel(self) -> None:
        self._connection.channel(on_open_callback=self._prepare)

    def _prepare(self, channel: "Channel") -> None:
        self.channel = channel
        channel.add_on_close_callback(self._channel_closed)
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._acknowledged, callback=lambda _: self._declare(channel))

    def _declare(self, channel: "Channel") -> None:
        target = self._target
        done = partial(self._declared, channel)
        if target.queue:
            channel.queue_declare(
                target.queue,
                passive=not target.declare,
                durable=True,
                arguments={"x-queue-type": target.queue_type},
                callback=done,
            )
        else:
            channel.exchange_declare(
                target.exchange, "topic", passive=not target.declare, durable=True, callback=done
            )

    def _declared(self, channel: "Channel", _frame: "Method") -> None:
        self.confirmed = ConfirmedChannel(partial(self._publish, channel), self._largest)
        if self._owner is not None:
            self._owner.ready(self)

    def _publish(self, channel: "Channel", message: AmqpMessage) -> None:
        properties = pika.BasicProperties(
            content_type=message.content_type,
            headers=message.headers,
            delivery_mode=PERSISTENT,
            message_id=message.id,
            timestamp=message.timestamp,
        )
        channel.basic_publish(
            self._target.exchange, message.routing_key, message.body, properties, mandatory=True
        )

    def _returned(
        self,
        _channel: "Channel",
        method: "Basic.Return",
        properties: "BasicProperties",
        _body: bytes,
    ) -> None:
        if self.confirmed is not None:
            self.confirmed.give_back(str(properties.message_id), str(method.reply_text))

    def _acknowledged(self, frame: "Method") -> None:
        confirmed, method = self.confirmed, frame.method
        if confirmed is None:
            return
        settle = confirmed.confirm if method.NAME == "Basic.Ack" else confirmed.refuse
        settle(method.delivery_tag, multiple=method.multiple)
        self._moved()

    def _block(self, reason: str) -> None:
        self.blocked = reason
        self._moved()

    def _moved(self) -> None:
        if self._owner is not None:
            self._owner.moved(self)

    def _channel_closed(self, _channel: "Channel", error: BaseException) -> None:
        """Open another channel after `renew`, and if a message was too large."""
        self.channel = self.confirmed = None
        if self._owner is None:
            return
        if isinstance(error, ChannelClosedByClient):
            self._open_channel()
        elif isinstance(error, ChannelClosedByBroker):  # a connection's end is reported by itself
            self._closed_by_broker(error)

    def _closed_by_broker(self, error: ChannelClosedByBroker) -> None:
        limit = largest_message(error)
        if limit is not None and limit < self._largest:
            self._largest = limit
            self._open_channel()
        else:
            self._lose(channel_failure(error))

    def _closed(self, _connection: Any, error: BaseException) -> None:  # noqa: ANN401
        if self._owner is not None:
            self._lose(connection_failure(error))
        self._then()

    def _lose(self, failure: BrokerFailure) -> None:
        owner = self._owner
        self.drop()
        if owner is not None:
            owner.lost(self, failure)
