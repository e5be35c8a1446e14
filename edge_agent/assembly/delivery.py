"""Everything behind the log: the connection, and a forwarder for each sink."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple, TypeAlias

import msgspec

from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.info import agent_info
from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.forwarder import Forwarder, ForwarderNews
from edge_agent.deliver.mqtt.commands import CommandTopics
from edge_agent.deliver.mqtt.connection import About, Connection
from edge_agent.deliver.mqtt.events import MqttEvents
from edge_agent.deliver.mqtt.state import LiveState
from edge_agent.deliver.sink import Sink
from edge_agent.events import CursorMove, Request
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Damaged
from edge_agent.threads import Worker

DRAIN_SECONDS = 2.0  # for the last events to reach the broker
PATIENCE = 300.0  # seconds: name servers and services take their time, and the rest goes on
FORWARDER = "forwarder"  # the thread of the MQTT sink

ToRecorder: TypeAlias = Callable[[CursorMove | Damaged], None]


class Ties(NamedTuple):
    """What delivery has to do with the rest of the agent."""

    record: ToRecorder
    requested: Callable[[Request], None]
    died: Callable[[str], None]
    alive: Callable[[str], None]
    clock: Clock


class Delivery:
    """Owns the threads behind the log; `log_path` is where each forwarder reads."""

    def __init__(
        self, blueprint: Blueprint, log_id: str, reader: LogReader, log_path: Path, ties: Ties
    ) -> None:
        self._blueprint = blueprint
        self._log_path = log_path
        self._ties = ties
        self._inboxes: list[SimpleQueue[ForwarderNews]] = []
        self._log_id = log_id
        self.connection = self._build_connection()
        self._talk = self._worker(
            "connection", self.connection.run, partial(self.connection.post, None)
        )
        sinks = list(self._sinks())
        self.names = tuple(sink.name for sink in sinks)
        self._forwarders = [self._build_forwarder(sink, reader) for sink in sinks]

    @property
    def workers(self) -> list[Worker]:
        """Return the threads in the order of the flow."""
        return [*self._forwarders, self._talk]

    @property
    def patience(self) -> dict[str, float]:
        """Return how many seconds each thread may be silent."""
        return dict.fromkeys((worker.name for worker in self.workers), PATIENCE)

    def announce(self, offset: int) -> None:
        """Tell every forwarder how far the log goes."""
        for inbox in self._inboxes:
            inbox.put(offset)

    def show_info(self, blueprint: Blueprint) -> None:
        """Say who we are from now on."""
        self.connection.post(About(msgspec.json.encode(agent_info(blueprint, self._log_id))))

    def stop(self, deadline: float) -> None:
        """Deliver for a moment what is left, and end."""
        for worker in self._forwarders:
            worker.tell()
        drained = min(time.monotonic() + DRAIN_SECONDS, deadline)
        for worker in self._forwarders:
            worker.join(drained)
        ended = self._talk.finish(deadline)
        if ended and all(worker.join(deadline) for worker in self._forwarders):
            self.connection.close()

    def _sinks(self) -> Iterator[Sink]:
        """Yield MQTT first, then who is notified."""
        config = self._blueprint.config
        yield MqttEvents(
            f"edge/{config.node}",
            Envelope(config.node, self._log_id),
            self.connection.post,
            max_batch=config.mqtt.max_batch,
            publish=config.mqtt.publish,
            progress=partial(self._ties.alive, FORWARDER),
        )
        for notify in self._blueprint.notify:
            yield notify.open(config.node)

    def _build_forwarder(self, sink: Sink, reader: LogReader) -> Worker:
        name = FORWARDER if sink.name == MqttEvents.name else sink.name
        inbox: SimpleQueue[ForwarderNews] = SimpleQueue()
        last = reader.last_offset()
        cursors = reader.cursors()
        cursor = cursors.get(sink.name, 0 if sink.name == MqttEvents.name else last)
        if sink.name not in cursors:  # who is new is not told of old times
            self._ties.record(CursorMove(sink.name, cursor, {}))
        forwarder = Forwarder(
            sink,
            inbox,
            open_reader=partial(LogReader, self._log_path),
            cursor=cursor,
            commit=self._ties.record,
            damaged=lambda error, inode: self._ties.record(Damaged(error, inode)),
            clock=self._ties.clock,
            backoff=Backoff(random.random),
            progress=partial(self._ties.alive, name),
        )
        inbox.put(last)
        self._inboxes.append(inbox)
        return self._worker(name, forwarder.run, partial(inbox.put, None))

    def _build_connection(self) -> Connection:
        config = self._blueprint.config
        about = msgspec.json.encode(agent_info(self._blueprint, self._log_id))
        prefix = f"edge/{config.node}"
        return Connection(
            self._blueprint.broker,
            LiveState(prefix, about, retained=config.mqtt.retained, publish=config.mqtt.publish),
            changed=self._connected,
            backoff=Backoff(random.random),
            commands=CommandTopics(prefix) if config.commands.allow else None,
            requested=self._ties.requested,
            progress=partial(self._ties.alive, "connection"),
        )

    def _connected(self, up: bool) -> None:
        if up:
            self._inboxes[0].put("retry")

    def _worker(self, name: str, run: Callable[[], None], stop: Callable[[], None]) -> Worker:
        return Worker(name, run, stop, self._ties.died)
