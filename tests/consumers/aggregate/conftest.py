import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

import consumers
from consumers.aggregate.aggregator import ANY_ORDER
from consumers.aggregate.group import EventGroup
from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.aggregate.stores.postgresql_store import PostgresqlStore
from consumers.aggregate.untimed import UntimedEvents
from consumers.inbox.inbox import Inbox
from consumers.received_event import received_event
from tests.consumers.aggregate.postgresql import PostgresqlServer
from tests.consumers.publisher import Publisher

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
        self._group = group, self._untimed.timed()
        self.repeat()

    def repeat(self):
        """Do the transaction of the last commit again, which has failed."""
        with self.store.transaction():
            self.store.add(*self._group)
            self._inbox.save()
        self._inbox.settle()

    def rows(self, sql):
        return self.store.connection.execute(sql).fetchall()

    def windows(self, length):
        columns = "start, node, device, channel, count, min, mean, max, last"
        order = "start, node, device, channel"
        return self.rows(
            f"SELECT {columns} FROM windows WHERE length = '{length}' ORDER BY {order}"
        )


@pytest.fixture(scope="session")
def postgresql():
    """A running server."""
    server = PostgresqlServer().start()
    yield server
    server.stop()


@pytest.fixture
def new_file_store(tmp_path):
    """A function: an empty store in a file, not yet open."""
    names = (tmp_path / f"{n}.duckdb" for n in count())
    return lambda: DuckdbStore(next(names))


@pytest.fixture
def new_store(new_file_store):
    """As `new_file_store`, unless a module has a fixture of its own."""
    return new_file_store


@pytest.fixture
def new_server_store(postgresql):
    """A function: an empty store in a server, not yet open."""
    return lambda: PostgresqlStore(postgresql.url())


@pytest.fixture
def stored(new_store):
    """An open and empty store."""
    one = Stored(new_store())
    yield one
    one.store.close()


def fill(stored, event):
    """Store a reading a second for two minutes."""
    stored.commit(
        *(made(event, n, n, data={"values": {"t": n / 4}, "quality": "good"}) for n in range(120))
    )


@pytest.fixture
def filled(stored, event):
    """A file with a reading a second, in use as by the aggregator."""
    fill(stored, event)
    return stored


@pytest.fixture
def filled_server(postgresql, event):
    """The URL of a database with a reading a second, in use as by the aggregator."""
    url = postgresql.url()
    stored = Stored(PostgresqlStore(url))
    fill(stored, event)
    yield url
    stored.store.close()


@pytest.fixture(params=["in use", "free", "server"])
def path(tmp_path, request):
    if request.param == "server":
        return request.getfixturevalue("filled_server")
    filled = request.getfixturevalue("filled")
    if request.param == "free":
        filled.store.close()
    return tmp_path / "0.duckdb"


@pytest.fixture
def opened(path):
    one = consumers.open(str(path))
    yield one
    one.close()


@pytest.fixture
def query(path, command):
    """A function: what `edge-consumer query` prints."""

    def query(*options):
        done = command("query", "--store", path, *options)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return query


def old(event, n):
    """An event of the past: one of the future would be a dead letter."""
    time = f"2025-01-15T08:00:00.{n:06d}Z"
    return event(n, time=time, data={"values": {"t": n / 8}, "quality": "good"})


@pytest.fixture
def publisher(broker):
    one = Publisher(broker.url)
    yield one
    one.close()


@pytest.fixture
def aggregate(broker, tmp_path):
    """A function: start the command; it is connected when it returns."""
    processes = []

    def start(*options):
        words = ["aggregate", broker.url, "--state", str(tmp_path), *options]
        process = subprocess.Popen(
            [sys.executable, "-m", "consumers", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert "storing the events" in process.stderr.readline()
        return process

    yield start
    for each in processes:
        each.kill()
        each.communicate()
