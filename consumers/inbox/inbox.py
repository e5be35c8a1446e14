"""The inbox: from deliveries, at least once, to events, each once and in order per log.

A consumer uses it so::

    deliveries = source.receive(0.25)
    events = list(inbox.take(deliveries, clock()))
    with store.transaction():
        ...  # the effect of the events
        inbox.save()
    source.acknowledge(inbox.settle())

If the consumer is killed anywhere in it, the effect and the progress are both there or both
missing, and what is missing arrives again. The inbox has no clock, no thread and no network, and
its memory is bounded, whatever arrives.
"""

from collections.abc import Callable, Iterator, Sequence

from consumers.decode import events_in
from consumers.inbox.dead_letters import DeadLetters, KeptLetter, kept, place_of
from consumers.inbox.gaps import Gaps, MissingEvents, is_gap
from consumers.inbox.log_inbox import HeldEvent, LogInbox
from consumers.inbox.logs import KnownLogs
from consumers.inbox.progress import Progress
from consumers.inbox.settings import InboxCounts, InboxSettings
from consumers.introduction import KnownSinks
from consumers.received_event import ReceivedEvent
from consumers.source import DeadLetter, Delivery, Introduction

RETRY_SECONDS = 5.0  # between two looks for dead letters that are to be tried again
CLOCK_SET = 1_750_000_000.0  # before that moment, our own clock is not set


def never(_event: ReceivedEvent) -> bool:
    """Return that an event which is done is not wanted again."""
    return False


class Inbox:
    """Drops duplicates, puts events in order, and keeps dead letters; see the module.

    `again` says of an event that is done whether it is handed over all the same, as one that has
    its true time at last.
    """

    def __init__(
        self,
        progress: Progress,
        letters: DeadLetters,
        settings: InboxSettings | None = None,
        again: Callable[[ReceivedEvent], bool] = never,
    ) -> None:
        self.counts = InboxCounts()
        self._settings = settings or InboxSettings()
        self._again = again
        self._progress = progress
        self._letters = letters
        self._logs = KnownLogs(self._settings.logs, self._settings.ranges, progress.load())
        self._sinks = KnownSinks()
        self._gaps = Gaps(self._settings.gap_patience, self._sinks, shared=self._settings.shared)
        self._held: dict[int, tuple[float, LogInbox]] = {}  # by the number of the delivery
        self._received = self._settled = 0
        self._retry_at = 0.0
        self._now = 0.0
        self._new: list[KeptLetter] = []
        self._retried: list[str] = []

    def take(self, deliveries: Sequence[Delivery], now: float) -> Iterator[ReceivedEvent]:
        """Yield the events that are to be handled now; exhaust it before the next call.

        What was yielded counts as done in the next `save`. `now` is in seconds since 1970.
        Call it without deliveries, too: events that wait must be released in time.
        """
        self._now = now
        for delivery in deliveries:
            self._received += 1
            if isinstance(delivery, ReceivedEvent):
                if self._is_next(delivery):
                    yield delivery
                else:
                    yield from self._arrive(delivery, again=delivery.replay)
            elif isinstance(delivery, DeadLetter):
                self._bury(delivery)
            elif isinstance(delivery, Introduction):
                self._sinks.introduce(delivery.node, delivery.info)
        yield from self._release()
        if now >= self._retry_at:
            self._retry_at = now + RETRY_SECONDS
            yield from self._retry()

    def refuse(self, event: ReceivedEvent, reason: str) -> None:
        """Keep an event that was taken, but has no effect, as a dead letter."""
        self._logs.reopen(event.log, event.offset)
        self._keep(DeadLetter(reason, event.decoded))

    def save(self) -> None:
        """Save the progress; call it in the transaction of the effect."""
        changes = self._logs.changes()
        if changes.gone or changes.grown:
            self._progress.save(changes)

    def settle(self) -> int:
        """Return how many deliveries to acknowledge; call it once the effect is committed."""
        self._logs.saved()
        if self._new or self._retried:
            self._letters.update(self._new, self._retried)
            self._new, self._retried = [], []
        done = next(iter(self._held), self._received + 1) - 1
        count, self._settled = done - self._settled, done
        return count

    def missing(self) -> Sequence[MissingEvents]:
        """Return what was found missing since the last call."""
        found = self._gaps.reports(self._now)
        self.counts.missing += sum(each.total for each in found)
        self.counts.unexplained += sum(each.total for each in found if not each.reason)
        return found

    def _is_next(self, event: ReceivedEvent) -> bool:
        """Take the next event of a log, without what `_arrive` looks at; return whether it is."""
        log = self._logs.get(event.log)
        if log is None or not log.is_next(event) or event.replay or is_gap(event):
            return False
        if self._is_ahead(event) or not self._logs.extend(event.log, event.offset):
            return False
        self.counts.latest = max(self.counts.latest, event.time.timestamp())
        self.counts.events += 1
        return True

    def _arrive(self, event: ReceivedEvent, *, again: bool) -> Iterator[ReceivedEvent]:
        """Take an event; one that was sent or tried `again` is in no order."""
        log = self._logs.use(event.log)
        if log.knows(event.offset):
            yield from self._known(event, log)
        elif self._is_ahead(event):
            self._keep(DeadLetter("its time is in the future", event.decoded))
            log.pass_over(event.offset)
        elif again:
            yield from self._hand_over(event)
        elif self._must_wait(event, log):
            log.hold(HeldEvent(event, self._received))
            self._held[self._received] = self._now, log
        else:
            yield from self._in_order(event, log)

    def _known(self, event: ReceivedEvent, log: LogInbox) -> Iterator[ReceivedEvent]:
        if event.replay and self._settings.replays:
            self.counts.replays += 1
            yield event
        elif log.node and event.node != log.node and not event.replay:
            reason = f"its id is that of an event of {log.node}: was a log copied?"
            self._keep(DeadLetter(reason, event.decoded))
        elif self._again(event):
            self.counts.events += 1
            yield event
        else:
            self.counts.duplicates += 1

    def _must_wait(self, event: ReceivedEvent, log: LogInbox) -> bool:
        patient = log.waits and self._settings.patience > 0
        return patient and log.has_hole_below(event.offset) and not is_gap(event)

    def _in_order(self, event: ReceivedEvent, log: LogInbox) -> Iterator[ReceivedEvent]:
        if is_gap(event):  # there is nothing to wait for below it
            yield from self._all_of(log)
        self._place(event, log)
        yield from self._hand_over(event)
        for held in log.in_order():
            yield from self._hand_over_held(held, log)

    def _all_of(self, log: LogInbox) -> Iterator[ReceivedEvent]:
        for held in log.all_held():
            yield from self._hand_over_held(held, log)

    def _release(self) -> Iterator[ReceivedEvent]:
        """Yield what has waited for too long; its log has holes, then, that nothing fills."""
        while self._held:
            number, (since, log) = next(iter(self._held.items()))
            late = self._now - since >= self._settings.patience
            if not late and self._received - number < self._settings.most_behind:
                return
            log.waits = False
            yield from self._all_of(log)

    def _hand_over_held(self, held: HeldEvent, log: LogInbox) -> Iterator[ReceivedEvent]:
        del self._held[held.delivery]
        self._place(held.event, log)
        yield from self._hand_over(held.event)

    def _hand_over(self, event: ReceivedEvent) -> Iterator[ReceivedEvent]:
        self._logs.finish(event.log, event.offset)
        self.counts.events += 1
        yield event

    def _place(self, event: ReceivedEvent, log: LogInbox) -> None:
        """Note an event's place among those of its log."""
        log.node = event.node
        self.counts.latest = max(self.counts.latest, event.time.timestamp())
        if log.has_hole_below(event.offset):
            self._gaps.jump(event, (log.reached or 0) + 1, self._now)
        elif log.reached is not None and event.offset <= log.reached:
            self.counts.reordered += 1
            log.waits = True
            self._gaps.fill(event.log, event.offset)
        log.reach(event.offset)
        if is_gap(event):
            self._gaps.name(event, log.reached or 0)

    def _is_ahead(self, event: ReceivedEvent) -> bool:
        if not event.trusted or self._now <= CLOCK_SET:
            return False
        return event.time.timestamp() > self._now + self._settings.ahead

    def _bury(self, letter: DeadLetter) -> None:
        self._keep(letter)
        if place := place_of(letter):
            log = self._logs.get(place[0])
            if log:
                log.pass_over(place[1])

    def _keep(self, letter: DeadLetter) -> None:
        self.counts.dead += 1
        self._new.append(kept(letter, self._now))

    def _retry(self) -> Iterator[ReceivedEvent]:
        for letter in self._letters.due():
            self._retried.append(letter.key)
            for delivery in events_in(letter.payload):
                if isinstance(delivery, ReceivedEvent):
                    yield from self._arrive(delivery, again=True)
                elif isinstance(delivery, DeadLetter):
                    self._bury(delivery)
