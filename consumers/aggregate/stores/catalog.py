"""Which store a `--store` means: `duckdb:PATH`, a path, or the URL of a PostgreSQL database."""

from pathlib import Path

from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.aggregate.stores.postgresql_store import PostgresqlStore
from consumers.aggregate.stores.store import Store
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

FILE = "readings.duckdb"
PREFIX = "duckdb:"
SERVERS = ("postgresql://", "postgres://")


def is_server(where: str) -> bool:
    """Return whether a store is in a PostgreSQL server."""
    return where.startswith(SERVERS)


def file_of(where: str, directory: Path) -> Path:
    """Return the file of a store; raise AgentError for what is no file."""
    if "://" in where:
        remedy = "name one as duckdb:PATH, or a database as postgresql://user@host/database"
        raise AgentError(f"{where} is no file", remedy)
    return Path(expanded(where.removeprefix(PREFIX))) if where else directory / FILE


def store_of(where: str, directory: Path) -> Store:
    """Return a store, not yet open; raise AgentError for what is none."""
    if is_server(where):
        return PostgresqlStore(where)
    return DuckdbStore(file_of(where, directory))
