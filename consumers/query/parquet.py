"""What was found, as Parquet: one file, or a folder with a part for each day."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.query.shown import time_column
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import duckdb


def write_file(found: "duckdb.DuckDBPyRelation", path: Path) -> None:
    """Write all rows to one file; raise AgentError."""
    with _failures(path):
        found.write_parquet(str(path))


def write_days(found: "duckdb.DuckDBPyRelation", folder: Path) -> None:
    """Write the rows of each day of UTC to `day=2027-01-15` in a folder, or nothing at all.

    Raise AgentError if the folder has one of these days, or if the rows have no time.
    """
    time = time_column(found)
    if not time:
        raise AgentError("days need a column time or start")
    with _failures(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".days-", dir=folder) as unfinished:
            days = found.project(f"*, CAST({time} AS DATE) AS day")
            days.write_parquet(unfinished, partition_by=["day"], overwrite=True)
            _move(sorted(Path(unfinished).iterdir()), folder)


def _move(days: list[Path], folder: Path) -> None:
    for day in days:
        if (folder / day.name).exists():
            raise AgentError(f"{folder / day.name} is there", "remove it, or name other days")
    for day in days:
        day.rename(folder / day.name)


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    import duckdb  # noqa: PLC0415 - of an extra

    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise AgentError(f"{path}: {error}") from error
