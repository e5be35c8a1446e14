"""How a run ends while its store is away."""

import logging
from contextlib import contextmanager
from itertools import chain, repeat

import pytest

from consumers.aggregate.aggregator import RunClock, RunEnd, StoringRun
from consumers.aggregate.stores.store import StoreUnavailable
from edge_agent.deliver.complaints import Complaints
from tests.consumers.aggregate.conftest import NOW, NoLetters, made

NEVER = float("inf")


class Clock:
    """Waiting moves it, and nothing else."""

    def __init__(self):
        self.time = NOW

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


class Queue:
    """A source that delivers batches, then nothing; an empty receive takes its time."""

    def __init__(self, clock, batches):
        self._clock = clock
        self._batches = chain(batches, repeat(()))
        self.acknowledged = 0

    def receive(self, seconds):
        found = next(self._batches)
        if not found:
            self._clock.sleep(seconds)
        return found

    def acknowledge(self, count):
        self.acknowledged += count


class AwayStore:
    """Cannot commit before some seconds have passed."""

    def __init__(self, clock, seconds):
        self._clock = clock
        self._back_at = clock.now() + seconds
        self.groups = []

    def load(self):
        return []

    untimed = load

    def save(self, changes):
        assert changes.grown

    def add(self, group, timed):
        self.groups.append((list(group.readings()), timed))

    @contextmanager
    def transaction(self):
        if self._clock.now() < self._back_at:
            raise StoreUnavailable("away")
        yield

    def expire(self, before):
        assert before == {}


@pytest.fixture
def started(event):
    """A function: a run with two batches, whose store is away for some seconds."""

    def started(end, away):
        clock = Clock()
        batches = [made(event, 1)], (), [made(event, 2), made(event, 3)]
        source, store = Queue(clock, batches), AwayStore(clock, away)
        parts = {"clock": RunClock(clock.now, clock.sleep), "keep": {}, "end": end}
        complaints = Complaints(logging.getLogger(__name__))
        return StoringRun(source, store, NoLetters(), **parts, complaints=complaints), source

    return started


def test_a_run_that_is_to_end_does_not_wait_for_a_store_any_longer(started):
    run, source = started(RunEnd(30.0, NEVER), 1e9)
    with pytest.raises(StoreUnavailable, match="away"):
        run.run()
    assert source.acknowledged == 0


def test_the_wait_for_a_store_is_not_quiet(started):
    run, source = started(RunEnd(NEVER, 5.0), 60.0)
    run.run()
    assert (run.counts.events, source.acknowledged) == (3, 3)
