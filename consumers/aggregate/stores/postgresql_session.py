"""The session of the one writer of a PostgreSQL database, made again when it is lost."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consumers.aggregate.stores import postgresql_schema as schema
from consumers.aggregate.stores.postgresql_connection import connected, failures
from consumers.aggregate.stores.postgresql_driver import library, shown
from consumers.aggregate.stores.store import StoreUnavailable
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import psycopg

LOCK_SECONDS = 3.0  # the server may take a moment to notice that a writer was killed


class StoreInUse(StoreUnavailable):
    """Another aggregator has the database, or the server does not know yet that it is gone."""


class WriterSession:
    """Holds the lock, and knows after a broken connection whether the last commit was kept.

    Each transaction leaves an id of its own in the database. So a session that is made again sees
    whether the transaction that failed was kept, and whether another aggregator was there.
    """

    def __init__(self, url: str, lock_seconds: float = LOCK_SECONDS) -> None:
        self._url = url
        self._lock_seconds = lock_seconds
        self._connection: psycopg.Connection | None = None
        self._latest = self._tried = ""  # ids of transactions: one that was kept, and the last one

    @property
    def connection(self) -> "psycopg.Connection":
        """Return the connection of an open session."""
        assert self._connection is not None  # noqa: S101 - for mypy: `open` comes first
        return self._connection

    def open(self) -> None:
        """Connect, and take the lock; raise StoreUnavailable or AgentError."""
        self._connect()
        self.connection.execute(schema.SCHEMA)
        for (make_hypertable,) in self.connection.execute(schema.MAKE_HYPERTABLE).fetchall():
            self.connection.execute(make_hypertable)
        self._latest = self._found()

    def resumed(self) -> bool:
        """Return whether the last transaction was kept; connect again if the connection is lost.

        Raise StoreUnavailable, or AgentError if another aggregator has stored something meanwhile.
        """
        if self._connection is None or self._connection.closed:
            self._connect()
        found = self._found()
        if found not in (self._latest, self._tried):
            what = f"{shown(self._url)}: another aggregator has stored in it meanwhile"
            raise AgentError(what, "start this one again")
        self._latest = found
        return found == self._tried

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what is done inside, or nothing."""
        self._tried = secrets.token_hex(8)
        with self.connection.transaction():
            yield
            self.connection.execute(schema.SET_LATEST, [self._tried])
        self._latest = self._tried

    def close(self) -> None:
        """Give the lock and the connection back; a second time does nothing."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connect(self) -> None:
        self.close()
        self._connection = connected(self._url)
        try:
            self._lock(self._connection)
        except BaseException:
            self.close()
            raise

    def _lock(self, connection: "psycopg.Connection") -> None:
        connection.execute(schema.KEEP_COMMITS)
        connection.execute(schema.WAIT_FOR_LOCK, [f"{self._lock_seconds * 1000:.0f}ms"])
        try:
            with failures(self._url):
                connection.execute(schema.LOCK)
        except StoreUnavailable as error:
            if isinstance(error.__cause__, library().errors.LockNotAvailable):
                what = f"{shown(self._url)}: another aggregator stores in it"
                raise StoreInUse(what, "end it, or name another database") from None
            raise
        connection.execute(schema.WAIT_FOR_LOCK, ["0"])

    def _found(self) -> str:
        row = self.connection.execute(schema.LATEST).fetchone()
        return str(row[0]) if row else ""
