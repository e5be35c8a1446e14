"""What a queue of RabbitMQ holds, read with pika and with Debian's amqp-tools."""

import json
from contextlib import contextmanager

import pika
from lab.waiting import eventually

QUIET_SECONDS = 1.0


@contextmanager
def channel(port, username="guest", password="guest"):
    credentials = pika.PlainCredentials(username, password)
    parameters = pika.ConnectionParameters("127.0.0.1", port, credentials=credentials)
    with pika.BlockingConnection(parameters) as connection:
        yield connection.channel()


def exists(port, queue):
    """Return whether there is such a queue."""
    with channel(port) as one:
        try:
            one.queue_declare(queue, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            return False
        return True


def taken(port, queue):
    """Take all messages from a queue; return their properties and bodies, in order."""
    with channel(port) as one:
        return list(_until_quiet(one, queue))


def replayed(port, stream):
    """Return what a stream holds, from its beginning."""
    with channel(port) as one:
        return list(_until_quiet(one, stream, arguments={"x-stream-offset": "first"}))


def _until_quiet(channel, queue, arguments=None):
    """Yield messages until none comes for a while; what was not yielded stays in the queue."""
    channel.basic_qos(prefetch_count=500)
    for method, properties, body in channel.consume(
        queue, arguments=arguments, inactivity_timeout=QUIET_SECONDS
    ):
        if method is None:
            return
        yield properties, body
        channel.basic_ack(method.delivery_tag)


class QueueReader:
    """Collects what a queue of any type has got so far."""

    def __init__(self, queue, queue_type):
        self._queue = queue
        self._stream = queue_type == "stream"
        self._found = []

    def messages(self, port):
        """Return all messages since the beginning, as properties and body."""
        if self._stream:
            return replayed(port, self._queue)
        self._found += taken(port, self._queue)
        return self._found

    def at_least(self, count, port):
        """Return the events once there are so many different ones; a busy node is slow."""
        eventually(lambda: len({offset(event) for event in self.events(port)}) >= count, 120)
        return self.events(port)

    def events(self, port):
        """Return the events of all messages in structured mode."""
        return [json.loads(body) for _, body in self.messages(port)]


def offset(event):
    """Return an event's offset in its log."""
    return int(event["id"].split(":")[1])
