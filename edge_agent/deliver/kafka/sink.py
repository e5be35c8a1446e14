"""The Kafka sink: events as records of one topic, stored by all replicas in sync.

The order of a key's records is that of the log: nothing passes an event that waits. A record's
time is the time of sending, because a cluster deletes by it; an event's own time is in the event.
"""

import time
from collections.abc import Callable, Sequence

from edge_agent.deliver.kafka.library import KafkaLibrary, Producing, TopicFacts
from edge_agent.deliver.kafka.obstacle import (
    REFUSALS,
    TOO_LARGE,
    UNFIT,
    ProducerFailed,
    obstacle,
    overdue,
    refusal,
)
from edge_agent.deliver.kafka.record import Encode
from edge_agent.deliver.kafka.target import KafkaTarget
from edge_agent.deliver.kafka.window import DeliveryWindow
from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import AgentError, EventRejected, SinkUnavailable, UnfitEvent
from edge_agent.events import LoggedEvent, node_of

PATIENCE = 5.0  # s without a confirmation until a delivery ends
WAIT_SECONDS = 0.5
STOP_WAITS = 3  # while the agent stops: 1.5 s for what is under way
MOST_AGE = 60.0  # s: what waits longer is sent again, with a new time
MOST = 1000  # events on their way
ENOUGH = MOST // 4  # confirmed: the next delivery continues with the rest
HELD = "waits for the clock: Kafka deletes a record by its time"
HOLD_REMEDY = "synchronise the time, or set message.timestamp.type=LogAppendTime for the topic"


class KafkaSink:
    """Sends events to `target`; see `Sink`.

    If a delivery ends before all is confirmed, the rest stays on its way, and the next delivery
    continues with it.
    """

    def __init__(
        self,
        name: str,
        context: SinkContext,
        target: KafkaTarget,
        encode: Encode,
        library: KafkaLibrary,
        *,
        prepare: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._context = context
        self._target = target
        self._encode = encode
        self._library = library
        self._prepare = prepare
        self._monotonic = monotonic
        self._window = DeliveryWindow()
        self._facts: TopicFacts | None = None
        self._producer: Producing | None = None
        self._careful = False  # whether it sends one event at a time, to find what is wrong
        self._careful_until = 0  # up to this offset
        self._most = MOST
        self._held = False
        self._unfit = ""  # why the event that fails does not fit its schema

    def open(self) -> None:
        """Get ready to encode events; the first delivery connects."""
        self._prepare()

    def close(self) -> None:
        """Forget what is on its way, and disconnect."""
        self._discard()

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Send a batch and wait for its confirmations; see `Sink`."""
        facts = self._looked()
        self._hold_back(facts)
        self._window.begin(batch[0].offset)
        careful = batch[0].offset <= self._careful_until
        events = batch[:1] if careful else batch[: self._most]
        try:
            producer = self._connected(facts, careful=careful)
            self._send(events, producer)
            self._wait(events, producer)
        except ProducerFailed as error:
            self._careful_until = max(self._window.last, events[0].offset)
            self._discard()
            if not careful:
                return self.deliver(batch)  # one at a time, which finds the reason
            self._window.fail(events[0].offset, error.name)
        return self._result(events)

    def _looked(self) -> TopicFacts:
        if self._facts is None:
            self._facts = self._look(closely=False)
        return self._facts

    def _look(self, *, closely: bool) -> TopicFacts:
        try:
            return self._library.look(self._target, self._going, closely)
        except SinkUnavailable:
            raise
        except AgentError as error:  # a file that cannot be read now
            raise SinkUnavailable(error.what, error.remedy) from error

    def _going(self) -> bool:
        self._context.alive(self.name)
        return not self._context.stopping()

    def _hold_back(self, facts: TopicFacts) -> None:
        """Raise SinkUnavailable if the records would get a time that may be wrong."""
        held = not (facts.appends or self._context.trusted())
        if held != self._held:
            self._context.notice(f"{HELD}; {HOLD_REMEDY}" if held else "")
            self._held = held
        if held:
            self._facts = None  # the topic may be changed meanwhile
            raise SinkUnavailable(HELD, HOLD_REMEDY)

    def _connected(self, facts: TopicFacts, *, careful: bool) -> Producing:
        if careful != self._careful:
            self._discard()
        if self._producer is None:
            self._producer = self._connect(self._largest(facts), careful=careful)
            self._careful = careful
        return self._producer

    def _connect(self, largest: int, *, careful: bool) -> Producing:
        try:
            return self._library.connect(self._target, largest, careful)
        except AgentError as error:
            raise SinkUnavailable(error.what, error.remedy) from error

    def _largest(self, facts: TopicFacts | None) -> int:
        limit = facts.largest if facts else None
        return min(self._target.max_message, limit or self._target.max_message)

    def _send(self, events: Sequence[LoggedEvent], producer: Producing) -> None:
        """Send what is not on its way yet, up to an event that is too large."""
        now = self._monotonic()
        for event in self._window.unsent(events):
            key = f"{node_of(event, self._context.node)}/{event.source}"
            try:
                if not producer.send(event.offset, key, self._encode(event)):
                    return
            except UnfitEvent as error:
                self._unfit = error.what
                self._window.fail(event.offset, UNFIT)
                return
            except ProducerFailed as error:
                if error.name not in TOO_LARGE:
                    raise
                self._window.fail(event.offset, error.name)
                return
            self._window.add(event.offset, now)

    def _wait(self, events: Sequence[LoggedEvent], producer: Producing) -> None:
        """Wait for all events, or for the first ones if more follow: the rest stays on its way."""
        first = events[:ENOUGH] if len(events) == MOST else events
        until, waits = self._monotonic() + PATIENCE, STOP_WAITS
        while self._window.awaits(first) and waits and self._monotonic() < until:
            waits -= not self._going()
            outcomes = producer.outcomes(WAIT_SECONDS)
            self._window.take(outcomes)
            if outcomes:
                until = self._monotonic() + PATIENCE
            for error in filter(None, outcomes.values()):
                if not self._careful:
                    raise ProducerFailed(error, error)

    def _result(self, events: Sequence[LoggedEvent]) -> int:
        count = self._window.settled(events)
        if count == len(events):
            self._most = min(MOST, self._most * 2)
            return count
        failed, error = events[count], self._window.error(events[count].offset)
        if error in TOO_LARGE and self._limit_is_raised():
            return count or self.deliver(events)
        if error in REFUSALS and failed.kind != "gap":
            largest = self._largest(self._facts)
            reason = self._unfit if error == UNFIT else refusal(error, largest)
            raise EventRejected(count + 1, {failed.offset: reason})
        if count:
            return count
        raise obstacle(error, self._target.topic) if error else self._overdue()

    def _limit_is_raised(self) -> bool:
        """Look at the topic again before an event is refused for good."""
        known, self._facts = self._largest(self._facts), self._look(closely=False)
        if self._largest(self._facts) <= known:
            return False
        self._discard()  # the producer has the old limit
        return True

    def _overdue(self) -> SinkUnavailable:
        """Return why nothing is confirmed in time; what waits for too long is sent again."""
        if self._context.stopping():
            return SinkUnavailable("the agent stops before the cluster has confirmed an event")
        slowed = self._producer.slowed if self._producer else 0.0
        old = self._window.age(self._monotonic()) > MOST_AGE
        if old:
            self._discard()
        self._facts = self._look(closely=True)
        if old:  # the cluster is there: less may arrive in time
            self._most = max(1, self._most // 2)
        return overdue(PATIENCE, slowed)

    def _discard(self) -> None:
        """Disconnect; what is confirmed stays so, and the rest is sent again."""
        if self._producer is not None:
            outcomes = self._producer.close()
            self._window.take({one: error for one, error in outcomes.items() if not error})
        self._producer = None
        self._window.give_up()
