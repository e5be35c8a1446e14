"""The history as Parquet, if DuckDB is installed."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from edge_agent.errors import MissingPackage
from edge_agent.observe.web.route import BadRequest

LARGEST = 100_000_000  # bytes as CSV: about a week of two readings a second
CHUNK = 64_000  # bytes
COLUMNS = {
    "time": "TIMESTAMPTZ",
    "channel": "VARCHAR",
    "value": "DOUBLE",
    "min": "DOUBLE",
    "max": "DOUBLE",
    "seconds": "INTEGER",
}


def parquet_bytes(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return chunks of a Parquet file with the rows of a CSV file.

    Raise MissingPackage without DuckDB, and BadRequest for more rows than a small machine has
    room for.
    """
    duckdb = _library()
    with tempfile.TemporaryDirectory(prefix="edge-agent-") as folder:
        text, file = Path(folder) / "history.csv", Path(folder) / "history.parquet"
        _write(text, lines)
        with duckdb.connect() as memory:
            memory.read_csv(str(text), header=True, columns=COLUMNS).write_parquet(str(file))
        content = file.read_bytes()
    return (content[at : at + CHUNK] for at in range(0, len(content), CHUNK))


def _write(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for chunk in lines:
            file.write(chunk)
            if file.tell() > LARGEST:
                raise BadRequest("too much for one Parquet file: choose a shorter span, or CSV")


def _library() -> ModuleType:
    try:
        import duckdb  # noqa: PLC0415 - of an extra
    except ImportError:
        raise MissingPackage("duckdb", "consumers") from None
    return duckdb
