"""The bridge: what a source delivers goes to a sink, and is then acknowledged.

A kill at any moment loses nothing: what the sink does not own yet arrives again. What it owns, but
the source does not know of, arrives twice, with the same id.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from consumers.bridge.waiting import Item, Waiting
from consumers.decode import events_in
from consumers.inbox.dead_letters import DeadLetters, kept
from consumers.received_event import ReceivedEvent
from consumers.relayed import dead_letter, relayed_event
from consumers.source import DeadLetter, Delivery, Source
from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.sink import Sink
from edge_agent.errors import EventRejected, SinkUnavailable, UnfitEvent
from edge_agent.events import RelayedEvent

STEP_SECONDS = 0.25
MOST_AT_ONCE = 1000  # events of one delivery
RETRY_SECONDS = 5.0  # between two looks for dead letters that are to be tried again

_logger = logging.getLogger(__name__)


@dataclass
class BridgeCounts:
    """What a bridge has done; `dead` counts what could not be used or was refused."""

    delivered: int = 0
    dead: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return it as `--json` shows it."""
        return asdict(self)


class Bridge:
    """Carries events from an open source to a sink; call `step` again and again, in one thread."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        letters: DeadLetters,
        *,
        clock: Clock,
        backoff: Backoff,
        stopping: Callable[[], bool],
    ) -> None:
        self.counts = BridgeCounts()
        self._source = source
        self._sink = sink
        self._letters = letters
        self._clock = clock
        self._backoff = backoff
        self._stopping = stopping
        self._complaints = Complaints(_logger, clock.monotonic)
        self._letter_complaints = Complaints(_logger, clock.monotonic)
        self._waiting = Waiting()
        self._number = 0
        self._open = False
        self._retry_at = self._look_at = 0.0

    def step(self) -> None:
        """Take what arrives, hand over what waits, and acknowledge what the sink owns."""
        self._receive()
        self._retry_letters()
        self._settle(0, {})
        if len(self._waiting) and self._pause() <= 0:
            self._attempt()

    def _pause(self) -> float:
        return self._retry_at - self._clock.monotonic()

    def _receive(self) -> None:
        """Read on while the sink is away, too: the source keeps its connection, and its bound."""
        pause = self._pause()
        if len(self._waiting) >= MOST_AT_ONCE and pause <= 0:
            return
        waits = max(pause, 0.0) if len(self._waiting) else STEP_SECONDS
        found = [self._usable(each) for each in self._source.receive(min(waits, STEP_SECONDS))]
        self._bury([each for each in found if isinstance(each, DeadLetter)])
        for each in found:
            self._waiting.add(Item(each if isinstance(each, RelayedEvent) else None))

    def _usable(self, delivery: Delivery) -> RelayedEvent | DeadLetter | None:
        if not isinstance(delivery, ReceivedEvent):
            return delivery if isinstance(delivery, DeadLetter) else None
        self._number += 1
        try:
            return relayed_event(delivery, self._number)
        except UnfitEvent as error:
            return DeadLetter(error.what, delivery.decoded)

    def _retry_letters(self) -> None:
        """Take dead letters again that a person has marked, unless some are on their way."""
        if self._waiting.letters or self._clock.monotonic() < self._look_at:
            return
        self._look_at = self._clock.monotonic() + RETRY_SECONDS
        for letter in self._letters.due():
            found = [self._usable(each) for each in events_in(letter.payload)]
            if len(found) == 1 and isinstance(found[0], RelayedEvent):
                self._waiting.add(Item(found[0], letter.key))
            else:
                self._letters.update([letter], [])  # it is as dead as before

    def _attempt(self) -> None:
        events = self._waiting.events(MOST_AT_ONCE)
        try:
            self._deliver(events)
        except SinkUnavailable as error:
            if not self._stopping():
                self._complaints.add(f"{self._sink.name} is unavailable: {error}; events wait")
            self._retry_at = self._clock.monotonic() + self._backoff.next()
            return
        self._backoff.reset()
        if self._complaints.end():
            _logger.warning("%s takes events again", self._sink.name)

    def _deliver(self, events: Sequence[RelayedEvent]) -> None:
        if not self._open:
            self._sink.open()
            self._open = True
        refused: Mapping[int, str] = {}
        try:
            count = self._sink.deliver(events)
        except EventRejected as error:
            count, refused = error.settled, error.refused
        if count == 0:
            raise SinkUnavailable("accepted no events")
        self._settle(count, refused)

    def _settle(self, events: int, refused: Mapping[int, str]) -> None:
        """Keep what was refused, then let the source forget all that is settled."""
        done = self._waiting.settle(events)
        again = {one.letter for one in done if one.letter}
        self._bury(
            [
                dead_letter(one.event, refused[one.event.offset])
                for one in done
                if one.event and one.event.offset in refused
            ],
            again,
        )
        self.counts.delivered += events - len(refused)
        if count := sum(not one.letter for one in done):
            self._source.acknowledge(count)

    def _bury(self, dead: Sequence[DeadLetter], tried_again: set[str] | None = None) -> None:
        if dead or tried_again:
            now = self._clock.now().time / 1e6
            self._letters.update([kept(each, now) for each in dead], tried_again or ())
        for each in dead:
            self._letter_complaints.add(f"a dead letter: {each.reason}")
        self.counts.dead += len(dead)
