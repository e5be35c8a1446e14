"""RabbitMQ: the sink beside raw pika with a window, the same bytes to the same queue.

python -m benchmarks.amqp   prints the rows alone.
"""

import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.row import Row
from benchmarks.sinks import LOG, NODE, Send, Sender, compared, delivering, laboratory, logged
from edge_agent.deliver.amqp.options import AmqpOptions, QueueType
from edge_agent.deliver.envelope import CONTENT_TYPE, Envelope
from edge_agent.deliver.sink import SinkPlan
from edge_agent.events import LoggedEvent

COUNT, WINDOW, RUNS = 50_000, 1000, 3
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

Message: TypeAlias = tuple[bytes, Any]  # body, and pika's properties


def missing() -> str:
    """Return why RabbitMQ cannot be measured here; empty if it can."""
    if importlib.util.find_spec("pika") is None:
        return "pika is missing: pip install 'edge-agent[amqp]'"
    return "" if PROGRAM.exists() else "rabbitmq-server is missing: make test-buses installs it"


def amqp() -> Iterator[Row]:
    """Measure events per second and CPU, of the sink and of pika alone."""
    if reason := missing():
        print(f"RabbitMQ is not measured: {reason}", file=sys.stderr)
        return
    with server() as one:
        yield from compare(one.port, "classic")
        yield from compare(one.port, "quorum")


@contextmanager
def server() -> Iterator[Any]:
    """Yield a RabbitMQ of its own, as the tests start it."""
    laboratory()
    from tests.buses.servers.rabbitmq import Epmd, RabbitMQ  # noqa: PLC0415 - needs the laboratory

    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        epmd: Any = Epmd()  # type: ignore[no-untyped-call]
        one: Any = RabbitMQ(Path(name), epmd)  # type: ignore[no-untyped-call]
        one.start()
        try:
            yield one
        finally:
            one.stop()
            epmd.stop()


def compare(port: int, queue_type: QueueType) -> Iterator[Row]:
    """Compare the sink with pika alone; each run has a queue of its own."""
    events = logged(COUNT)
    return compared(
        Sender(
            f"raw: pika alone, window of {WINDOW}, {queue_type}",
            lambda run: raw(port, f"{queue_type}-raw-{run}", queue_type, events),
        ),
        Sender(
            f"AMQP sink, {queue_type}",
            lambda run: sink(port, f"{queue_type}-sink-{run}", queue_type, events),
        ),
        "pika",
        COUNT,
        RUNS,
    )


class RawPublisher:
    """What pika's documentation shows for publishing with confirmations, and a window."""

    def __init__(self, port: int, queue: str, queue_type: str, messages: list[Message]) -> None:
        import pika  # noqa: PLC0415

        self._queue = queue
        self._arguments = {"x-queue-type": queue_type}
        self._messages = messages
        self._sent = self._confirmed = 0
        parameters = pika.ConnectionParameters("127.0.0.1", port)
        self._connection = pika.SelectConnection(parameters, on_open_callback=self._opened)
        self._connection.ioloop.start()  # until the queue is there

    def run(self) -> None:
        """Publish everything, and wait for all confirmations."""
        self._fill()
        self._connection.ioloop.start()

    def _opened(self, connection: Any) -> None:  # noqa: ANN401 - pika has no types
        connection.channel(on_open_callback=self._ready)

    def _ready(self, channel: Any) -> None:  # noqa: ANN401
        self._channel = channel
        channel.confirm_delivery(self._acknowledged)
        channel.queue_declare(
            self._queue,
            durable=True,
            arguments=self._arguments,
            callback=lambda _: self._connection.ioloop.stop(),
        )

    def _acknowledged(self, frame: Any) -> None:  # noqa: ANN401
        if frame.method.NAME != "Basic.Ack":
            raise RuntimeError("not all is confirmed")
        tag = frame.method.delivery_tag
        self._confirmed = tag if frame.method.multiple else self._confirmed + 1
        if self._confirmed == len(self._messages):
            self._connection.add_on_close_callback(lambda *_: self._connection.ioloop.stop())
            self._connection.close()
        else:
            self._fill()

    def _fill(self) -> None:
        while self._sent - self._confirmed < WINDOW and self._sent < len(self._messages):
            body, properties = self._messages[self._sent]
            self._channel.basic_publish("", self._queue, body, properties, mandatory=True)
            self._sent += 1


def raw(port: int, queue: str, queue_type: QueueType, events: list[LoggedEvent]) -> Send:
    """Return what publishes messages that are ready, with the sink's properties."""
    import pika  # noqa: PLC0415

    envelope = Envelope(NODE, LOG)
    messages = [
        (
            envelope.encode(event),
            pika.BasicProperties(
                content_type=CONTENT_TYPE,
                delivery_mode=2,
                message_id=envelope.id_of(event),
                timestamp=int(time.time()),
            ),
        )
        for event in events
    ]
    return RawPublisher(port, queue, queue_type, messages).run


def sink(port: int, queue: str, queue_type: QueueType, events: list[LoggedEvent]) -> Send:
    """Return what delivers to a queue."""
    options = AmqpOptions(queue=queue, queue_type=queue_type)
    return delivering(SinkPlan("bus", (f"amqp://127.0.0.1:{port}",), options), events)


if __name__ == "__main__":
    for each in amqp():
        print(each, flush=True)
