"""The bridge from MQTT to a file, beside paho subscribing and the file sink alone.

python -m benchmarks.consumers   prints the rows alone.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.broker import mosquitto
from benchmarks.events import envelopes
from benchmarks.row import Row
from benchmarks.sinks import Send, Sender, delivering, logged, measured, medians
from consumers.bridge.bridge import Bridge
from consumers.chosen_sink import SinkIdentity, sink_at
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.source import SourcePlan
from consumers.sources.mqtt.source import mqtt_source
from edge_agent.agent import SWITCH_INTERVAL
from edge_agent.clock import SystemClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.file import FileOptions
from edge_agent.deliver.sink import SinkPlan

COUNT, RUNS = 20_000, 5
TOPIC = "edge/+/event/#"
KEPT = 3600  # seconds that the broker keeps a session


def consumers() -> Iterator[Row]:
    """Measure events per second and CPU; the share is that of the slower raw side."""
    with (
        tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name,
        mosquitto(store=Path(name)) as port,
    ):
        yield from compared(port, Path(name))


def compared(port: int, directory: Path) -> Iterator[Row]:
    """Let all take the same events by turns; other work on the machine concerns all."""
    sys.setswitchinterval(SWITCH_INTERVAL)  # as the agent does
    subscriber = Sender("raw: paho alone subscribing", lambda run: raw(port, f"raw-{run}"))
    writer = Sender("raw: the file sink alone", lambda run: sink(directory / f"raw-{run}"))
    ours = Sender(
        "bridge, MQTT to a file", lambda run: bridge(port, f"bridge-{run}", directory / f"b-{run}")
    )
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


def raw(port: int, client_id: str) -> Send:
    """Return what takes the events as paho's documentation shows."""
    arrived: list[object] = []
    client = subscribed(port, client_id, lambda *_: arrived.append(None))
    client.disconnect()
    publish(port)

    def take() -> None:
        client.connect("127.0.0.1", port, clean_start=False)
        while len(arrived) < COUNT:
            client.loop()
        client.disconnect()

    return take


def sink(path: Path) -> Send:
    """Return what writes the events to a file."""
    return delivering(SinkPlan("file", (f"file:{path}",), FileOptions()), logged(COUNT))


def bridge(port: int, group: str, path: Path) -> Send:
    """Return what carries the events from the broker to a file."""
    plan = SourcePlan(url=f"mqtt://127.0.0.1:{port}", group=group)
    with closing(mqtt_source(plan)) as first:
        first.open()
    publish(port)

    def take() -> None:
        identity = SinkIdentity("sink", group, "bridge")
        target = sink_at(f"file:{path}", {}, identity, lambda: False, lambda _: None)
        with (
            closing(mqtt_source(plan)) as source,
            closing(target),
            closing(SqliteLetters(path.with_suffix(".letters"))) as letters,
        ):
            source.open()
            one = Bridge(
                source,
                target,
                letters,
                clock=SystemClock(),
                backoff=Backoff(lambda: 1.0),
                stopping=lambda: False,
            )
            while one.counts.delivered < COUNT:
                one.step()

    return take


def subscribed(port: int, client_id: str, on_message: Callable[..., Any]) -> paho.Client:
    """Return a client whose session the broker keeps."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
    ready: list[object] = []
    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.append(None)
    kept: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    kept.SessionExpiryInterval = KEPT
    client.connect("127.0.0.1", port, clean_start=False, properties=kept)
    client.subscribe(TOPIC, 1)
    while not ready:
        client.loop()
    return client


def publish(port: int) -> None:
    """Publish the events; the broker has all of them afterwards."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, body in envelopes(COUNT):
        last = client.publish(topic, body, 1)
    last.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    for each in consumers():
        print(each, flush=True)
