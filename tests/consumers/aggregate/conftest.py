from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from consumers.aggregate.aggregator import ANY_ORDER
from consumers.aggregate.group import EventGroup
from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.aggregate.untimed import UntimedEvents
from consumers.inbox.inbox import Inbox
from consumers.received_event import received_event

START = datetime(2027, 1, 15, 8, tzinfo=UTC)
NOW = START.timestamp() + 30 * 86_400


def at(seconds):
    """The text of a time, in seconds since START."""
    return (START + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def made(event, offset, seconds=0, **changes):
    """An event as a consumer gets it, `seconds` after START."""
    return received_event(event(offset, **{"time": at(seconds), **changes}))


class NoLetters:
    """Expects no dead letter."""

    def update(self, new, done):
        assert (list(new), list(done)) == ([], [])

    def due(self):
        return []


class Stored:
    """A store, and what was taken for it, as the aggregator has them."""

    def __init__(self, store):
        self.store = store
        self.reopen()

    def reopen(self):
        """Forget everything that is not in the store."""
        self.store.close()
        self.store.open()
        self._untimed = UntimedEvents(self.store.untimed())
        self._inbox = Inbox(self.store, NoLetters(), ANY_ORDER, self._untimed.gets_its_time)

    def commit(self, *events):
        group = EventGroup()
        for each in self._inbox.take(events, NOW):
            group.take(each)
            self._untimed.add(each)
        with self.store.transaction():
            self.store.add(group, self._untimed.timed())
            self._inbox.save()
        self._inbox.settle()

    def rows(self, sql):
        return self.store.connection.execute(sql).fetchall()

    def windows(self, length):
        columns = "start, node, device, channel, count, min, mean, max, last"
        return self.rows(f"SELECT {columns} FROM windows WHERE length = '{length}' ORDER BY ALL")


@pytest.fixture
def new_store(tmp_path):
    """A function: an empty store, not yet open."""
    names = (tmp_path / f"{n}.duckdb" for n in count())
    return lambda: DuckdbStore(next(names))


@pytest.fixture
def stored(new_store):
    """An open and empty store."""
    one = Stored(new_store())
    yield one
    one.store.close()
