"""Opening a DuckDB file: one process at a time may write it, and then no other may read it."""

from pathlib import Path
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
    try:
        import duckdb  # noqa: PLC0415 - of an extra
    except ImportError:
        raise AgentError("the store needs the package duckdb", REMEDY) from None
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config={"memory_limit": MEMORY})
        connection.execute("SET TimeZone = 'UTC'")
    except duckdb.Error as error:
        if "lock" in str(error):
            raise FileInUse(f"{path}: another process has it open", "end it") from error
        raise AgentError(f"{path}: {str(error).splitlines()[0]}", "see `--store`") from error
    return connection
