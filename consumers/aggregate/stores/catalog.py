"""Which store a `--store` means: `duckdb:PATH`, a path, or `postgresql://…`."""

from pathlib import Path

from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.aggregate.stores.store import Store
from consumers.state import state_of
from edge_agent.paths import expanded

FILE = "readings.duckdb"
PREFIX = "duckdb:"
SERVERS = ("postgresql://", "postgres://")


def directory_of(named: str = "") -> Path:
    """Return the named state directory, or the one of this user or service."""
    return Path(expanded(named)) if named else state_of("aggregate")


def is_server(where: str) -> bool:
    """Return whether a store is a server and not a file."""
    return where.startswith(SERVERS)


def file_of(where: str, directory: Path) -> Path:
    """Return the file of a store that is no server."""
    return Path(expanded(where.removeprefix(PREFIX))) if where else directory / FILE


def store_of(where: str, directory: Path) -> Store:
    """Return a store, not yet open; raise AgentError if a package is missing."""
    return DuckdbStore(file_of(where, directory))
