"""A source read as a consumer reads it, one step at a time."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from consumers.received_event import ReceivedEvent
from consumers.source import DeadLetter, Delivery, Introduction, Source
from edge_agent.testing.destination import PATIENCE
from edge_agent.testing.origin import Origin

MOMENT = 0.2  # seconds of one `receive`


class Arrived(NamedTuple):
    """What a source has delivered, in order: ids of events, and reasons of dead letters."""

    ids: list[str]
    reasons: list[str]


class Reader:
    """Receives from a source as a consumer does; `held` counts what it has not acknowledged."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.got = Arrived([], [])
        self.held = 0

    def step(self) -> Sequence[Delivery]:
        """Take what arrives within a moment."""
        deliveries = self.source.receive(MOMENT)
        self.held += len(deliveries)
        for delivery in deliveries:
            self._note(delivery)
        return deliveries

    def read(self, wanted: Iterable[str], dead: int = 0) -> Arrived:
        """Receive until these ids and so many dead letters have arrived; return all that has."""
        expected = set(wanted)
        until(lambda: expected <= set(self.got.ids) and len(self.got.reasons) >= dead, self.step)
        return self.got

    def acknowledge(self, count: int | None = None) -> None:
        """Acknowledge the oldest deliveries, all of them if no count is given."""
        count = self.held if count is None else count
        self.source.acknowledge(count)
        self.held -= count

    def consume(self, wanted: Iterable[str], dead: int = 0) -> Arrived:
        """Read as `read` does, and acknowledge at each step."""
        expected = set(wanted)
        until(lambda: expected <= set(self.got.ids) and len(self.got.reasons) >= dead, self._take)
        return self.got

    def _take(self) -> None:
        self.step()
        self.acknowledge()

    def _note(self, delivery: Delivery) -> None:
        if isinstance(delivery, ReceivedEvent):
            self.got.ids.append(delivery.id)
        elif isinstance(delivery, DeadLetter):
            self.got.reasons.append(delivery.reason)
        else:
            assert isinstance(delivery, Introduction)


def until(condition: Callable[[], bool], step: Callable[[], object]) -> None:
    """Step until a condition is true; fail if it does not become true in time."""
    late = threading.Event()
    timer = threading.Timer(PATIENCE, late.set)
    timer.start()
    while not condition():
        assert not late.is_set(), f"not within {PATIENCE:.0f} s"
        step()
    timer.cancel()


def interrupt(origin: Origin, reader: Reader) -> None:
    """Let the bus be away for a moment, which the source notices."""
    origin.stop()
    try:
        reader.step()
    finally:
        origin.start()


def step_all(members: list[Reader]) -> None:
    """Let each member take what arrives, and acknowledge it."""
    for member in members:
        member.step()
        member.acknowledge()


def seen_by(members: list[Reader]) -> set[str]:
    """Return the ids that the members have seen together."""
    return {one for member in members for one in member.got.ids}


def within_patience(call: Callable[[], Sequence[Delivery]]) -> Sequence[Delivery]:
    """Return what a call returns; fail if it does not end in time."""
    found: list[Sequence[Delivery]] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found, f"no end within {PATIENCE:.0f} s, or an error"
    return found[0]
