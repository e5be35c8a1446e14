"""What a test of a sink stands on: a real destination, and deliveries as a forwarder makes them."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import Sink, SinkContext, SinkPlan
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import Kind, LoggedEvent

NODE, LOG_ID = "greenhouse", "c0ffee"
BEGIN = 1_700_000_000_000_000  # µs since 1970
PATIENCE = 60.0  # seconds until a thread that does not end fails its claim


class Got(NamedTuple):
    """An event as the destination has it; `data` is None if it keeps no data."""

    offset: int
    data: Any = None


class Destination(ABC):
    """A real destination of a sink, which a test can stop, start and look into."""

    kind: Kind = "reading"
    largest: int | None = None  # bytes of data that it certainly refuses

    @abstractmethod
    def plan(self) -> SinkPlan[Any]:
        """Return the plan of the sink that leads here."""

    @abstractmethod
    def received(self) -> list[Got]:
        """Return what has arrived, in the order of arrival."""

    @abstractmethod
    def stop(self) -> None:
        """Take nothing from now on."""

    @abstractmethod
    def start(self) -> None:
        """Take events again."""

    def silence(self) -> None:
        """Answer nothing from now on; the same as `stop` if the destination cannot do less."""
        self.stop()

    def speak(self) -> None:
        """Answer again."""
        self.start()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true; fail if it does not become true in time."""
        pause = threading.Event()
        for _ in range(round(PATIENCE / 0.02)):
            if condition():
                return
            pause.wait(0.02)  # bounded by the range
        raise AssertionError(f"not within {PATIENCE:.0f} s")

    def data(self, n: int) -> dict[str, Any]:
        """Return the data of the event with offset `n`."""
        return {"values": {"n": n}, "quality": "good"}


def build_sink(plan: SinkPlan[Any], stopping: threading.Event) -> Sink:
    """Return the sink of a plan, found as the agent finds it."""
    context = SinkContext.apart(NODE, LOG_ID, stopping.is_set)
    return load_sink_type(scheme_of(plan.url[0])).build(plan, context)


def events(destination: Destination, numbers: Iterable[int]) -> list[LoggedEvent]:
    """Return events with these offsets, of the destination's kind."""
    return [logged(destination.kind, n, destination.data(n)) for n in numbers]


def logged(kind: Kind, offset: int, data: dict[str, Any]) -> LoggedEvent:
    """Return an event as the log has it."""
    text = json.dumps(data, ensure_ascii=False)
    return LoggedEvent(offset, BEGIN + offset, None, None, kind, f"source{offset}", text)


def offsets(destination: Destination) -> set[int]:
    """Return the offsets of what has arrived."""
    return {got.offset for got in destination.received()}


def until_delivered(sink: Sink, batch: list[LoggedEvent]) -> int:
    """Deliver as soon as the destination can be reached; return the count."""
    pause = threading.Event()
    for _ in range(round(PATIENCE / 0.05)):
        try:
            return sink.deliver(batch)
        except SinkUnavailable:
            pause.wait(0.05)  # bounded by the range
    return sink.deliver(batch)


def deliver_all(sink: Sink, batch: list[LoggedEvent], *, patient: bool = True) -> dict[int, str]:
    """Deliver a batch to its end, as a forwarder does; return what was refused.

    If it is `patient`, it waits for a connection; otherwise it raises SinkUnavailable.
    """
    refused: dict[int, str] = {}
    while batch:
        try:
            count = until_delivered(sink, batch) if patient else sink.deliver(batch)
        except EventRejected as error:
            count = error.settled
            refused |= error.refused
        assert 0 < count <= len(batch)
        batch = batch[count:]
    return refused


def attempt(sink: Sink, batch: list[LoggedEvent]) -> int:
    """Return how many events a delivery owns; 0 if the sink is unavailable."""
    try:
        return sink.deliver(batch)
    except SinkUnavailable:
        return 0
