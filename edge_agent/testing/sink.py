"""What every sink promises, as claims: a subclass names a destination and gets them all."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import pytest

from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import About, Sink, SinkPlan, Site
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import Kind, LoggedEvent

NODE, LOG_ID = "greenhouse", "c0ffee"
BEGIN = 1_700_000_000_000_000  # µs since 1970
PATIENCE = 60.0  # seconds until a thread that does not end fails its claim
ODD_DATA: tuple[dict[str, Any], ...] = (
    {"values": {"temperature": -0.1, "count": 2**53}, "quality": "good"},
    {"text": 'quotes " and \\ and \n lines', "unit": "°C µ 漢字 😀"},
    {"deep": [[[{"a": [None, True, 1e-300]}]]], "": ""},
)


Build: TypeAlias = Callable[[], Sink]


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
        """Answer nothing from now on; the same as `stop` if that cannot be told apart."""
        self.stop()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true; fail when it does not come true in time."""
        pause = threading.Event()
        for _ in range(round(PATIENCE / 0.02)):
            if condition():
                return
            pause.wait(0.02)  # bounded by the range
        raise AssertionError(f"not within {PATIENCE:.0f} s")

    def data(self, n: int) -> dict[str, Any]:
        """Return the data of the event with offset `n`."""
        return {"values": {"n": n}, "quality": "good"}


class SinkContract:
    """Claims about the sink of the `destination` that a subclass provides as a fixture."""

    @pytest.fixture
    def stopping(self) -> threading.Event:
        """Return what says that the agent stops."""
        return threading.Event()

    @pytest.fixture
    def build(self, destination: Destination, stopping: threading.Event) -> Iterator[Build]:
        """Return a function that builds an open sink, as a start of the agent does."""
        built: list[Sink] = []

        def make() -> Sink:
            sink = build_sink(destination.plan(), stopping)
            built.append(sink)
            sink.open()
            return sink

        yield make
        stopping.set()
        for sink in built:
            sink.close()

    def test_its_scheme_is_installed_and_its_plan_has_no_problems(
        self, destination: Destination
    ) -> None:
        plan = destination.plan()
        kind = load_sink_type(scheme_of(plan.url[0]))
        assert isinstance(plan.options, kind.options)
        assert list(kind.check(plan)) == []

    def test_it_has_the_name_of_its_plan(self, destination: Destination, build: Build) -> None:
        assert build().name == destination.plan().name

    def test_everything_arrives_once_and_in_order(
        self, destination: Destination, build: Build
    ) -> None:
        deliver_all(build(), events(destination, range(1, 101)))
        destination.wait_for(lambda: len(destination.received()) >= 100)
        assert [got.offset for got in destination.received()] == list(range(1, 101))

    def test_what_it_says_it_owns_has_arrived(self, destination: Destination, build: Build) -> None:
        batch = events(destination, range(1, 51))
        count = until_delivered(build(), batch)
        owned = {event.offset for event in batch[:count]}
        destination.wait_for(lambda: owned <= offsets(destination))
        assert count > 0

    def test_any_data_arrives_as_it_is(self, destination: Destination, build: Build) -> None:
        odd = [{**destination.data(n), **data} for n, data in enumerate(ODD_DATA, 1)]
        batch = [logged(destination.kind, n, data) for n, data in enumerate(odd, 1)]
        deliver_all(build(), batch)
        destination.wait_for(lambda: len(destination.received()) >= len(odd))
        assert [got.data for got in destination.received()] == odd

    def test_a_destination_that_takes_nothing_is_unavailable(
        self, destination: Destination, build: Build
    ) -> None:
        sink = build()
        deliver_all(sink, events(destination, [1]))
        destination.stop()
        with pytest.raises(SinkUnavailable):
            deliver_all(sink, events(destination, range(2, 500)), patient=False)

    def test_after_an_outage_the_rest_arrives_and_nothing_is_missing(
        self, destination: Destination, build: Build
    ) -> None:
        sink, rest = build(), events(destination, range(2, 101))
        deliver_all(sink, events(destination, [1]))
        destination.wait_for(lambda: offsets(destination) == {1})
        destination.stop()
        with suppress(SinkUnavailable):
            deliver_all(sink, rest, patient=False)
        destination.start()
        deliver_all(sink, rest)
        destination.wait_for(lambda: offsets(destination) == set(range(1, 101)))

    def test_after_a_restart_a_repeated_event_is_the_same(
        self, destination: Destination, build: Build
    ) -> None:
        batch = events(destination, range(1, 11))
        for _ in range(2):
            sink = build()
            deliver_all(sink, batch)
            sink.close()
        destination.wait_for(lambda: len(destination.received()) >= 20)
        contents = {got.offset: json.dumps(got.data) for got in destination.received()}
        assert all(contents[got.offset] == json.dumps(got.data) for got in destination.received())
        assert set(contents) == set(range(1, 11))

    def test_an_event_that_is_too_large_is_refused_and_the_others_arrive(
        self, destination: Destination, build: Build
    ) -> None:
        assert destination.largest, "this destination takes events of any size"
        batch = events(destination, range(1, 6))
        huge = destination.data(3) | {"text": "x" * destination.largest}
        batch[2] = logged(destination.kind, 3, huge)
        refused = deliver_all(build(), batch)
        assert refused.keys() == {3}
        destination.wait_for(lambda: offsets(destination) == {1, 2, 4, 5})

    def test_a_stop_ends_a_delivery_to_a_silent_destination(
        self, destination: Destination, build: Build, stopping: threading.Event
    ) -> None:
        sink = build()
        deliver_all(sink, events(destination, [1]))
        destination.silence()
        outcomes: list[int] = []
        thread = threading.Thread(
            target=lambda: outcomes.append(attempt(sink, events(destination, [2])))
        )
        thread.start()
        stopping.set()
        thread.join(PATIENCE)
        assert outcomes == [0]

    def test_closing_twice_is_as_good_as_once(self, build: Build) -> None:
        sink = build()
        sink.close()
        sink.close()


def build_sink(plan: SinkPlan[Any], stopping: threading.Event) -> Sink:
    """Return the sink of a plan, found as the agent finds it."""
    site = Site(
        NODE,
        LOG_ID,
        About(b"{}"),
        alive=lambda _thread: None,
        died=lambda _thread: None,
        retry=lambda: None,
        stopping=stopping.is_set,
        requested=lambda _request: None,
    )
    return load_sink_type(scheme_of(plan.url[0])).build(plan, site)


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
