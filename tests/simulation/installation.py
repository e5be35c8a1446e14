"""Puts a world under the agent: its machine, disk and network take the place of the real ones."""

import logging
import os
import sqlite3
import sys
from contextlib import contextmanager
from functools import partial

from edge_agent import directories
from edge_agent.assembly import flow
from edge_agent.deliver import file as file_sink
from edge_agent.deliver.mqtt import connection, connection_inbox, probe, session
from edge_agent.store.opening import open_log
from tests.simulation.client import Client
from tests.simulation.disk import System
from tests.simulation.machine import WakeUp, installed
from tests.simulation.scheduler import Killed


class Failures(logging.Filter):
    """Notes each thread of the agent that fails; one that is killed has not failed."""

    def __init__(self, world):
        super().__init__()
        self._world = world

    def filter(self, record):
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Killed):
            return False
        self._world.ledger.problem(f"{record.getMessage()}: {error!r}")
        return True


@contextmanager
def under_the_agent(world):
    """Let the agent's modules use a world, for a while."""
    failures = Failures(world)
    threads = logging.getLogger("edge_agent.threads")
    threads.addFilter(failures)
    try:
        with installed(world.scheduler, world.seed, [*_disk(world), *_network(world)]):
            yield
    finally:
        threads.removeFilter(failures)


def _disk(world):
    disk, opened, closed = world.disk, file_sink.FileSink.open, file_sink.FileSink.close
    system, sqlite = System(disk), disk.sqlite

    def open_file(sink):
        disk.closing[sink.close] = None  # a killed process does not do it
        opened(sink)

    def close_file(sink):
        disk.closing.pop(sink.close, None)
        closed(sink)

    def pause(seconds):
        world.scheduler.pause(until=world.scheduler.now + seconds)

    return [
        *((module, "os", system) for module in (*_store(os), directories, file_sink)),
        *((module, "sqlite3", sqlite) for module in _store(sqlite3)),
        (file_sink.FileSink, "open", open_file),
        (file_sink.FileSink, "close", close_file),
        (flow, "open_log", partial(open_log, pause=pause)),
        (flow, "runtime_directories", lambda: (world.memory,)),
    ]


def _store(used):
    """Return the modules of the store that use a module of Python's own by its name."""
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("edge_agent.store.") and getattr(module, used.__name__, None) is used
    ]


def _network(world):
    look, monotonic = world.network.takes_connections, world.clock.monotonic
    return [
        (session, "BoundedClient", partial(Client, world.network)),
        (connection_inbox, "WakeUp", partial(WakeUp, world.scheduler)),
        (connection, "Probe", partial(probe.Probe, look=look, monotonic=monotonic)),
    ]
