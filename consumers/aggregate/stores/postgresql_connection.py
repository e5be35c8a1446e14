"""Connections to PostgreSQL: what fails, as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consumers.aggregate.stores.postgresql_driver import library, shown
from consumers.aggregate.stores.postgresql_errors import described
from consumers.aggregate.stores.store import StoreUnavailable
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import psycopg

# A connection that is gone is noticed within a minute, however it went.
PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,  # ms
}
# The same in the server, which lets the next writer in when this one has lost its network.
SESSION = """
SET TIME ZONE 'UTC';
SET client_min_messages = warning;
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
"""


def connected(url: str) -> "psycopg.Connection":
    """Return a connection; raise StoreUnavailable, or AgentError if nothing will help."""
    driver = library()
    with failures(url):
        connection: psycopg.Connection = driver.connect(url, autocommit=True, **PATIENCE)
        connection.execute(SESSION)
        return connection


@contextmanager
def failures(url: str) -> Iterator[None]:
    """Raise StoreUnavailable for what may pass, and AgentError for what the server refuses."""
    driver = library()
    name = shown(url)
    try:
        yield
    except (driver.OperationalError, driver.InterfaceError) as error:
        what, remedy = described(error)
        raise StoreUnavailable(f"{name}: {what}", remedy) from error
    except driver.Error as error:
        what, remedy = described(error)
        raise AgentError(f"{name}: {what}", remedy) from error
