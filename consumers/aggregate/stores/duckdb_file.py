"""Opening a DuckDB file: one process at a time may write it, and then no other may read it."""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import duckdb

REMEDY = "pip install 'edge-agent[consumers]'"
MEMORY = "512MB"  # a query that needs more uses the disk


class FileInUse(AgentError):
    """Another process has the file open."""


def connected(path: Path, *, read_only: bool = False) -> "duckdb.DuckDBPyConnection":
    """Return a connection to a file; raise FileInUse, or AgentError for what is not a store."""
    duckdb = _library()
    if path.exists() and not path.is_file():
        raise AgentError(f"{path}: no file", "name another one with --store")
    try:
        return in_utc(duckdb.connect(str(path), read_only, {"memory_limit": MEMORY}))
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        if "lock" in first or isinstance(error, duckdb.ConnectionException):  # of this process
            what = "end it, or use consumers.open, which holds a file during a query only"
            raise FileInUse(f"{path}: another process has it open", what) from error
        raise AgentError(f"{path}: {first}", "name another file with --store") from error


def in_memory() -> "duckdb.DuckDBPyConnection":
    """Return a connection to a new database in memory; raise AgentError."""
    return in_utc(_library().connect())


def _library() -> ModuleType:
    try:
        import duckdb  # noqa: PLC0415 - of an extra
    except ImportError:
        raise AgentError("the store needs the package duckdb", REMEDY) from None
    return duckdb


def in_utc(connection: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyConnection":
    """Let a connection show and read times in UTC; return it."""
    connection.execute("SET TimeZone = 'UTC'")
    return connection
