import sqlite3
from contextlib import suppress
from queue import SimpleQueue
from weakref import finalize

import pytest

from edge_agent.clock import ManualClock
from edge_agent.events import Event, Subscription
from edge_agent.store.check import LogCheck
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import open_log, salvage
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Recorder, Subscriptions
from edge_agent.store.retention import Retention
from edge_agent.store.spill import Spill


@pytest.fixture(autouse=True)
def closed_connections():
    """Close what a test has opened and is done with, as the kernel does after a kill.

    Python 3.13 warns of a connection that nothing closes. A test may undo its own patches before.
    """
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        for kind, opens in ((LogReader, "_open"), (EventLog, "__init__"), (LogCheck, "_connect")):
            patch.setattr(kind, opens, closing(getattr(kind, opens), opened))
        yield
    for connection in opened:
        close(connection)


def closing(opens, opened):
    """Return a method that opens a connection, which is closed when its owner is gone."""

    def open_and_close(owner, *given, **more):
        opens(owner, *given, **more)
        opened.append(owner._connection)
        finalize(owner, close, owner._connection)

    return open_and_close


def close(connection):
    """Close a connection, unless it is another thread's: garbage is collected by any thread."""
    with suppress(sqlite3.ProgrammingError):
        connection.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.db"


@pytest.fixture
def log(path, clock):
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
    yield log
    log.close()


@pytest.fixture
def reader(log, path):
    reader = LogReader(path)
    yield reader
    reader.close()


@pytest.fixture
def event(clock):
    def make(n=0, kind="reading", **given):
        return Event(kind, f"source{n % 3}", clock.now(), {"n": n}, **given)

    return make


@pytest.fixture
def record(log, event):
    """Append events of a kind, in one transaction."""

    def append(count, kind="reading"):
        with log.transaction():
            return log.append([event(n, kind) for n in range(count)])

    return append


class Desk:
    """A recorder without its thread, on a clock that is moved by hand."""

    def __init__(
        self, path, clock, *, interval=1.0, retention=None, spill=None, progress=lambda: None
    ):
        spill = spill or Spill(())
        self.inbox = SimpleQueue()
        self.announced, self.figures = [], []
        self.clock = clock
        self.recorder = Recorder(
            open_log(path, clock, spill),
            self.inbox,
            announce=self.announced.append,
            reopen=lambda inode: salvage(path, clock, inode),
            clock=clock,
            commit_interval=interval,
            retention=retention or Retention(7 * 86400, 10**9),
            spill_to=spill,
            progress=progress,
            report=self.figures.append,
        )

        if registered(path) is None:
            self.put(Subscriptions((Subscription("mqtt"),)))
            self.announced.clear()
            self.recorder._last_group = float("-inf")

    def put(self, *items):
        for item in items:
            self.inbox.put(item)
        self.recorder.step(0)

    def spoil(self):
        """Damage the log so that a second look finds it; no event is lost by it."""
        self.recorder._log.execute("INSERT OR IGNORE INTO boot VALUES (99, x'00')")

    def after(self, seconds):
        self.clock.advance(seconds)
        self.recorder.step(0)

    def stop(self):
        self.inbox.put(None)
        self.recorder.run()
        self.recorder.close()


def registered(path):
    reader = LogReader(path)
    try:
        return reader.cursor("mqtt")
    finally:
        reader.close()


@pytest.fixture
def recording(path, clock):
    desks = []

    def make(**given):
        desks.append(Desk(path, clock, **given))
        return desks[-1]

    yield make
    for each in desks:
        each.recorder._log.close()
