"""What every sink promises, as claims: a subclass names a destination and inherits them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import pytest

from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import Sink
from edge_agent.errors import SinkUnavailable
from edge_agent.testing.destination import (
    PATIENCE,
    Destination,
    attempt,
    build_sink,
    deliver_all,
    events,
    logged,
    offsets,
    until_delivered,
)

ODD_DATA: tuple[dict[str, Any], ...] = (
    {"values": {"temperature": -0.1, "count": 2**53}, "quality": "good"},
    {"text": 'quotes " and \\ and \n lines', "unit": "°C µ 漢字 😀"},
    {"deep": [[[{"a": [None, True, 1e-300]}]]], "": ""},
)

Build: TypeAlias = Callable[[], Sink]


@contextmanager
def stopped(destination: Destination) -> Iterator[None]:
    """Stop a destination for the length of a block."""
    destination.stop()
    try:
        yield
    finally:
        destination.start()


@contextmanager
def silent(destination: Destination) -> Iterator[None]:
    """Silence a destination for the length of a block."""
    destination.silence()
    try:
        yield
    finally:
        destination.speak()


class SinkContract:
    """Claims about the sink of the `destination` that a subclass provides as a fixture."""

    @pytest.fixture
    def stopping(self) -> threading.Event:
        """Return the event that says that the agent stops."""
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
        with stopped(destination), pytest.raises(SinkUnavailable):
            deliver_all(sink, events(destination, range(2, 500)), patient=False)

    def test_after_an_outage_the_rest_arrives_and_nothing_is_missing(
        self, destination: Destination, build: Build
    ) -> None:
        sink, rest = build(), events(destination, range(2, 101))
        deliver_all(sink, events(destination, [1]))
        destination.wait_for(lambda: offsets(destination) == {1})
        with stopped(destination), suppress(SinkUnavailable):
            deliver_all(sink, rest, patient=False)
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
        outcomes: list[int] = []
        thread = threading.Thread(
            target=lambda: outcomes.append(attempt(sink, events(destination, [2])))
        )
        with silent(destination):
            thread.start()
            stopping.set()
            thread.join(PATIENCE)
        assert outcomes == [0]

    def test_closing_twice_is_as_good_as_once(self, build: Build) -> None:
        sink = build()
        sink.close()
        sink.close()
