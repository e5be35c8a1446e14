"""A query that only reads, from a DuckDB connection to a Parquet file."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import duckdb


def to_parquet(connection: "duckdb.DuckDBPyConnection", sql: str, path: Path) -> None:
    """Write the rows of one SELECT to a file; raise AgentError for anything else."""
    import duckdb  # noqa: PLC0415 - of an extra

    try:
        statements = connection.extract_statements(sql)
        if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
            raise AgentError("only one SELECT is possible", "use consumers.open for more")
        connection.sql(sql).write_parquet(str(path))
    except duckdb.Error as error:
        raise AgentError(f"the query failed: {error}") from error
