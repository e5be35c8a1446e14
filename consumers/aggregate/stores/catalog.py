"""Which store a `--store` means: `duckdb:PATH`, a path, or `postgresql://…`."""

import os
from pathlib import Path

from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.aggregate.stores.store import Store
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

FILE = "readings.duckdb"
PREFIX = "duckdb:"
SERVERS = ("postgresql://", "postgres://")


def state_directory(named: str = "") -> Path:
    """Return the named directory, or the one of systemd or of the XDG specification."""
    if named:
        return Path(expanded(named))
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) if state else Path(home) / "edge-consumer" / "aggregate"


def made_directory(named: str) -> Path:
    """Return the state directory; it is made for its owner alone. Raise AgentError."""
    directory = state_directory(named)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise AgentError(f"{directory}: {error.strerror}", "name another --state") from error
    return directory


def is_server(where: str) -> bool:
    """Return whether a store is a server and not a file."""
    return where.startswith(SERVERS)


def file_of(where: str, directory: Path) -> Path:
    """Return the file of a store that is no server."""
    return Path(expanded(where.removeprefix(PREFIX))) if where else directory / FILE


def store_of(where: str, directory: Path) -> Store:
    """Return a store, not yet open; raise AgentError if a package is missing."""
    return DuckdbStore(file_of(where, directory))
