"""The bridge: what a source delivers goes to a sink, and is then acknowledged.

It reads on while the sink delivers, so that neither side waits for the other. A kill at any moment
loses nothing: what the sink does not own yet arrives again. What it owns, but the source does not
know of, arrives twice, with the same id.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from consumers.bridge.delivery import BatchDelivery
from consumers.bridge.waiting import Item, Waiting
from consumers.decode import events_in
from consumers.inbox.dead_letters import DeadLetters, kept
from consumers.received_event import ReceivedEvent
from consumers.relayed import dead_letter, relayed_event
from consumers.source import DeadLetter, Delivery, Source
from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.errors import UnfitEvent
from edge_agent.events import RelayedEvent

STEP_SECONDS = 0.25
LOOK_SECONDS = 0.02  # between two looks at a delivery that is under way
MOST_AT_ONCE = 1000  # events of one delivery
MOST_WAITING = 2 * MOST_AT_ONCE  # one delivery under way, and the next
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
    """Carries events from an open source to a sink.

    One thread calls `step` again and again, then `finish`.
    """

    def __init__(
        self,
        source: Source,
        delivery: BatchDelivery,
        letters: DeadLetters,
        *,
        clock: Clock,
        backoff: Backoff,
        stopping: Callable[[], bool],
    ) -> None:
        self.counts = BridgeCounts()
        self._source = source
        self._delivery = delivery
        self._letters = letters
        self._clock = clock
        self._backoff = backoff
        self._stopping = stopping
        self._complaints = Complaints(_logger, clock.monotonic)
        self._letter_complaints = Complaints(_logger, clock.monotonic)
        self._waiting = Waiting()
        self._number = 0
        self._delivering = False
        self._retry_at = self._look_at = 0.0

    def step(self) -> None:
        """Take what arrives, hand over what waits, and acknowledge what the sink owns."""
        self._receive()
        self._retry_letters()
        self._settle(0, {})
        self._take_outcome(LOOK_SECONDS if self._full else 0.0)
        if len(self._waiting) and not self._delivering and self._pause() <= 0:
            self._delivering = True
            self._delivery.begin(self._waiting.events(MOST_AT_ONCE))

    def finish(self, seconds: float) -> None:
        """Wait for the delivery that is under way, and acknowledge what the sink owns."""
        self._take_outcome(seconds)

    @property
    def _full(self) -> bool:
        return len(self._waiting) >= MOST_WAITING

    def _pause(self) -> float:
        return self._retry_at - self._clock.monotonic()

    def _receive(self) -> None:
        """Read on while the sink is away, too: the source keeps its connection, and its bound."""
        if self._full and self._pause() <= 0:
            return
        found = [self._usable(each) for each in self._source.receive(self._patience())]
        self._bury([each for each in found if isinstance(each, DeadLetter)])
        for each in found:
            self._waiting.add(Item(each if isinstance(each, RelayedEvent) else None))

    def _patience(self) -> float:
        if self._delivering:
            return LOOK_SECONDS
        return min(max(self._pause(), 0.0), STEP_SECONDS) if len(self._waiting) else STEP_SECONDS

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

    def _take_outcome(self, seconds: float) -> None:
        outcome = self._delivery.outcome(seconds) if self._delivering else None
        if outcome is None:
            return
        self._delivering = False
        if outcome.unavailable:
            self._wait_for_sink(outcome.unavailable)
            return
        self._backoff.reset()
        if self._complaints.end():
            _logger.warning("%s takes events again", self._delivery.sink)
        self._settle(outcome.settled, outcome.refused)

    def _wait_for_sink(self, reason: str) -> None:
        if not self._stopping():
            self._complaints.add(f"{self._delivery.sink} is unavailable: {reason}; events wait")
        self._retry_at = self._clock.monotonic() + self._backoff.next()

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
