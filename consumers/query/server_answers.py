"""Answers from a PostgreSQL database, in a transaction that only reads."""

from pathlib import Path
from typing import TYPE_CHECKING

from consumers.aggregate.stores.duckdb_file import in_memory
from consumers.aggregate.stores.postgresql_connection import connected, failures
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import psycopg

# Types of DuckDB by those of PostgreSQL; any other is text.
TYPES = {
    "bool": "BOOLEAN",
    "int2": "INTEGER",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "numeric": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "json": "JSON",
    "jsonb": "JSON",
}


class ServerAnswers:
    """Asks the server, which knows the tables whether the aggregator runs or not."""

    def __init__(self, url: str) -> None:
        self._url = url

    def to_parquet(self, sql: str, answer: Path) -> None:
        """Write the rows of one SELECT to a file; raise AgentError."""
        query = sql.strip().rstrip(";")
        rows = answer.with_suffix(".csv")
        with connected(self._url) as connection, failures(self._url):
            connection.read_only = True
            with connection.transaction():
                types = _types(connection, query)
                _copy(connection, query, rows)
        _convert(rows, types, answer)
        rows.unlink()


def _types(connection: "psycopg.Connection", query: str) -> dict[str, str]:
    """Return the type of each column by name; the server refuses anything but one SELECT."""
    probe = f"SELECT * FROM (\n{query}\n) AS answer LIMIT 0".encode()  # noqa: S608
    found = connection.execute(probe, binary=True).description or ()
    types = {each.name: TYPES.get(each.type_display, "VARCHAR") for each in found}
    if not types or len(types) < len(found):
        raise AgentError("each column of the query needs a name of its own", "use AS")
    return types


def _copy(connection: "psycopg.Connection", query: str, path: Path) -> None:
    statement = f"COPY (\n{query}\n) TO STDOUT (FORMAT csv)".encode()
    with connection.cursor() as cursor, cursor.copy(statement) as rows, path.open("wb") as file:
        for part in rows:
            file.write(part)


def _convert(rows: Path, types: dict[str, str], answer: Path) -> None:
    with in_memory() as memory:
        found = memory.read_csv(
            str(rows),
            header=False,
            columns=types,
            delimiter=",",
            quotechar='"',
            escapechar='"',
            allow_quoted_nulls=False,
            auto_detect=False,
        )
        found.write_parquet(str(answer))
