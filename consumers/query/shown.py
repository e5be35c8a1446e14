"""What was found, as text: a table, CSV, JSON, or plots of its channels."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from consumers.query.plot import plotted
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    import duckdb

MOST_ROWS = 100  # of a table
MOST_PLOTS = 20
SLICE = 100_000  # rows in memory at once
WRITTEN = 1000  # rows in one piece of CSV
NUMBERS = {"BIGINT", "DOUBLE", "HUGEINT", "INTEGER"}
NAMES = ("node", "device", "channel")
TIMES, VALUES = ("time", "start"), ("value", "mean")


def table(found: "duckdb.DuckDBPyRelation") -> Iterator[str]:
    """Yield the lines of a table of the first rows."""
    rows = found.limit(MOST_ROWS + 1).fetchall()
    cells = [found.columns, *([_cell(value) for value in row] for row in rows[:MOST_ROWS])]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numbers = [str(kind) in NUMBERS for kind in found.types]
    for line in cells:
        pairs = zip(line, widths, numbers, strict=True)
        padded = [
            cell.rjust(width) if number else cell.ljust(width) for cell, width, number in pairs
        ]
        yield "  ".join(padded).rstrip()
    if len(rows) > MOST_ROWS:
        yield f"and more: the table ends after {MOST_ROWS} rows; --format csv has all"


def json_lines(found: "duckdb.DuckDBPyRelation") -> Iterator[str]:
    """Yield each row as a JSON object."""
    for row in _rows(found):
        yield json.dumps(dict(zip(found.columns, map(_plain, row), strict=True)))


def csv_pieces(found: "duckdb.DuckDBPyRelation") -> Iterator[str]:
    """Yield the names of the columns, then the rows, many at a time; DuckDB writes the values."""
    names = ('"{}"'.format(name.replace('"', '""')) for name in found.columns)
    rows = _rows(found.project(", ".join(f"CAST({name} AS VARCHAR)" for name in names)))
    yield _csv([tuple(found.columns)])
    while piece := [*islice(rows, WRITTEN)]:
        yield _csv(piece)


def time_column(found: "duckdb.DuckDBPyRelation") -> str:
    """Return the name of the column that orders the rows; empty if there is none."""
    return next((name for name in TIMES if name in found.columns), "")


def plots(found: "duckdb.DuckDBPyRelation", width: int) -> Iterator[str]:
    """Yield the lines of a plot for each channel; raise AgentError if there is nothing to plot."""
    columns = found.columns
    time = time_column(found)
    value = next((name for name in VALUES if name in columns), "")
    if not time or not value:
        raise AgentError("a plot needs the columns time and value, or start and mean")
    wanted = ", ".join([*(name for name in NAMES if name in columns), time, value])
    series: dict[tuple[Any, ...], list[tuple[datetime, float]]] = {}
    for *names, at, number in found.project(wanted).order(time).fetchall():
        key = tuple(names)
        if number is not None and (key in series or len(series) < MOST_PLOTS):
            series.setdefault(key, []).append((at, number))
    for key, points in sorted(series.items()):
        yield from [*plotted(" ".join(map(str, key)), points, width), ""]


def _rows(found: "duckdb.DuckDBPyRelation") -> Iterator[tuple[Any, ...]]:
    for first in count(0, SLICE):
        rows = found.limit(SLICE, first).fetchall()
        yield from rows
        if len(rows) < SLICE:
            return


def _csv(rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return f"{value:.6g}" if isinstance(value, float) else str("" if value is None else value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
