"""The bridge from MQTT to any sink, beside the raw client of each side, in the same run.

python -m benchmarks.bridge [mqtt|file|kafka|amqp ...]   prints the rows alone.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import amqp, kafka
from benchmarks import raw as limits
from benchmarks.broker import mosquitto
from benchmarks.row import Row
from benchmarks.session import forget, publish, subscribed
from benchmarks.sinks import Send, Sender, delivering, logged, measured, medians
from consumers.bridge.bridge import Bridge
from consumers.bridge.delivery import delivering_to
from consumers.chosen_sink import ChosenOptions, SinkIdentity, sink_at
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.source import SourcePlan
from consumers.sources.mqtt.source import mqtt_source
from edge_agent.agent import SWITCH_INTERVAL
from edge_agent.clock import SystemClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.file import FileOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.problems import NoLocations

COUNT, RUNS = 30_000, 5
PATIENCE = 60  # seconds for a run


class Target(NamedTuple):
    """Where the events go: `raw` writes them without the bridge; both get the run's number."""

    title: str
    raw_title: str
    raw: Callable[[int], Send]
    url: Callable[[int], str]
    options: Callable[[int], dict[str, Any]] = lambda _: {}


def bridges(names: tuple[str, ...] = ("file", "mqtt", "kafka", "amqp")) -> Iterator[Row]:
    """Measure events per second and CPU; the share is that of the slower raw side."""
    sys.setswitchinterval(SWITCH_INTERVAL)  # as the agent does
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        directory = Path(name)
        (directory / "broker").mkdir()
        with mosquitto(store=directory / "broker", window=1000) as port:
            for target in names:
                with ExitStack() as stack:
                    to = TARGETS[target](stack, directory)
                    if to is not None:
                        yield from compared(port, directory, to)


def compared(port: int, directory: Path, to: Target) -> Iterator[Row]:
    """Let all take the same events by turns; other work on the machine concerns all."""
    subscriber = Sender("raw: paho alone subscribing", lambda run: raw(port, f"raw-{run}"))
    writer = Sender(f"raw: {to.raw_title}", to.raw)
    ours = Sender(f"bridge, MQTT to {to.title}", lambda run: bridge(port, run, directory, to))
    found: dict[Sender, list[tuple[float, float]]] = {subscriber: [], writer: [], ours: []}
    for run in range(RUNS):
        for sender, figures in found.items():
            figures.append(measured(sender.prepare(run), COUNT))
    for sender, figures in found.items():
        rate, cpu = medians(figures)
        yield Row(sender.title, rate, "events/s")
        yield Row("  CPU", cpu, "µs/event")
    shares = [
        (mine / min(alone, written), 0.0)
        for (alone, _), (written, _), (mine, _) in zip(*found.values(), strict=True)
    ]
    yield Row("  as a share of the slower raw side", medians(shares)[0], "times", 0.8)


def to_file(_stack: ExitStack, directory: Path) -> Target:
    """Return files, and the sink of files without the bridge: there is no client of files."""

    def raw(run: int) -> Send:
        plan = SinkPlan("file", (f"file:{directory}/raw-{run}",), FileOptions())
        return delivering(plan, logged(COUNT))

    url = f"file:{directory}/events-{{}}".format
    return Target("a file", "the file sink alone", raw, url)


def to_mqtt(stack: ExitStack, _directory: Path) -> Target:
    """Return a broker of its own."""
    port = stack.enter_context(mosquitto())

    def raw(_run: int) -> Send:
        def send() -> None:
            limits.publish(port, COUNT)

        return send

    return Target("MQTT", "paho alone publishing", raw, lambda _: f"mqtt://127.0.0.1:{port}")


def to_kafka(stack: ExitStack, _directory: Path) -> Target | None:
    """Return topics of a Kafka, one for each run; None if there is no Kafka."""
    if reason := kafka.missing():
        print(f"the bridge to Kafka is not measured: {reason}", file=sys.stderr)
        return None
    server = stack.enter_context(kafka.server())

    def topic(name: str) -> str:  # the clock of this machine may not be synchronised
        server.create(name, message_timestamp_type="LogAppendTime")
        return name

    def raw(run: int) -> Send:
        return kafka.raw(server.servers, topic(f"raw-{run}"), logged(COUNT), "structured")

    def url(run: int) -> str:
        return f"kafka://{server.servers}/{topic(f'bridge-{run}')}"

    return Target("Kafka", "librdkafka alone, acks=all", raw, url)


def to_amqp(stack: ExitStack, _directory: Path) -> Target | None:
    """Return quorum queues of a RabbitMQ, one for each run; None if there is no RabbitMQ."""
    if reason := amqp.missing():
        print(f"the bridge to RabbitMQ is not measured: {reason}", file=sys.stderr)
        return None
    port = stack.enter_context(amqp.server()).port

    def raw(run: int) -> Send:
        return amqp.raw(port, f"raw-{run}", "quorum", logged(COUNT))

    def options(run: int) -> dict[str, Any]:
        return {"queue": f"bridge-{run}", "queue_type": "quorum"}

    title = "pika alone, a quorum queue"
    return Target("RabbitMQ", title, raw, lambda _: f"amqp://127.0.0.1:{port}", options)


TARGETS: dict[str, Callable[[ExitStack, Path], Target | None]] = {
    "file": to_file,
    "mqtt": to_mqtt,
    "kafka": to_kafka,
    "amqp": to_amqp,
}


def raw(port: int, client_id: str) -> Send:
    """Return what takes the events as paho's documentation shows."""
    arrived: list[object] = []
    client = subscribed(port, client_id, lambda *_: arrived.append(None))
    client.disconnect()
    publish(port, COUNT)

    def take() -> None:
        client.connect("127.0.0.1", port, clean_start=False)
        while len(arrived) < COUNT:
            client.loop()
        client.disconnect()
        forget(port, client_id)

    return take


def bridge(port: int, run: int, directory: Path, to: Target) -> Send:
    """Return what carries the events from the broker to a target, connected already."""
    plan = SourcePlan(url=f"mqtt://127.0.0.1:{port}", group=f"bridge-{run}")
    stack = ExitStack()
    one = opened(stack, plan, directory, to, run)
    publish(port, 1)
    carry(one, 1)
    publish(port, COUNT)

    def take() -> None:
        with stack:
            carry(one, 1 + COUNT)
        forget(port, plan.group)

    return take


def opened(stack: ExitStack, plan: SourcePlan, directory: Path, to: Target, run: int) -> Bridge:
    """Return a bridge; its two sides are closed with the stack."""
    source = stack.enter_context(closing(mqtt_source(plan)))
    identity = SinkIdentity("sink", plan.group, "bridge")
    chosen = ChosenOptions(to.options(run), NoLocations("sink"))
    sink = sink_at(to.url(run), chosen, identity, lambda: False, print)
    source.open()
    return Bridge(
        source,
        stack.enter_context(delivering_to(sink, print)),
        stack.enter_context(closing(SqliteLetters(directory / "letters"))),
        clock=SystemClock(),
        backoff=Backoff(lambda: 1.0),
        stopping=lambda: False,
    )


def carry(one: Bridge, count: int) -> None:
    """Let the bridge work until it has delivered `count` events."""
    deadline = time.monotonic() + PATIENCE
    while one.counts.delivered < count:
        one.step()
        if time.monotonic() > deadline:
            raise RuntimeError("the sink takes no events")


if __name__ == "__main__":
    for each in bridges(tuple(sys.argv[1:]) or (*TARGETS,)):
        print(each, flush=True)
