"""Connections to PostgreSQL: what fails, as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from consumers.aggregate.stores.store import StoreUnavailable
from edge_agent.errors import AgentError, MissingPackage

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


def library() -> ModuleType:
    """Return the package psycopg; raise MissingPackage."""
    try:
        import psycopg  # noqa: PLC0415 - of an extra
    except ImportError:
        raise MissingPackage("psycopg", "postgresql") from None
    return psycopg


@contextmanager
def failures(url: str) -> Iterator[None]:
    """Raise StoreUnavailable for what may pass, and AgentError for what the server refuses."""
    driver = library()
    try:
        yield
    except (driver.OperationalError, driver.InterfaceError) as error:
        raise StoreUnavailable(f"{shown(url)}: {_first_line(error)}") from error
    except driver.Error as error:
        raise AgentError(f"{shown(url)}: {_first_line(error)}") from error


def shown(url: str) -> str:
    """Return a URL without its password and its parameters."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{place}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
