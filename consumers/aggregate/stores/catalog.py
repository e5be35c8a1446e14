"""Which store a `--store` means: `duckdb:PATH`, or a path."""

from pathlib import Path

from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.aggregate.stores.store import Store
from consumers.state import state_of
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

FILE = "readings.duckdb"
PREFIX = "duckdb:"


def directory_of(named: str = "") -> Path:
    """Return the named state directory, or the one of this user or service."""
    return Path(expanded(named)) if named else state_of("aggregate")


def file_of(where: str, directory: Path) -> Path:
    """Return the file of a store; raise AgentError for what is no file."""
    if "://" in where:
        raise AgentError(f"{where} is no file", "name one as duckdb:PATH")
    return Path(expanded(where.removeprefix(PREFIX))) if where else directory / FILE


def store_of(where: str, directory: Path) -> Store:
    """Return a store, not yet open; raise AgentError for what is no file."""
    return DuckdbStore(file_of(where, directory))
