"""`edge-consumer query`: read the store of the aggregator."""

import shutil
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from consumers.aggregate.windows import LENGTHS
from consumers.options import TimeType
from consumers.query.opened import opened_at
from consumers.query.parquet import write_days, write_file
from consumers.query.selection import Selection
from consumers.query.shown import csv_pieces, json_lines, plots, table
from consumers.state import directory_of

if TYPE_CHECKING:
    import duckdb

FORMATS = ("table", "csv", "json", "plot", "parquet")
CHANNELS = "`edge-consumer query 'SELECT DISTINCT node, device, channel FROM readings'`"
TIME = TimeType(UTC)


@click.command()
@click.argument("sql", default="")
@click.option("--channel", default="", help="A channel, or device.channel.")
@click.option("--node", default="", help="A node.")
@click.option(
    "--since",
    type=TIME,
    help="From then on: 2h ago, 2027-01-15T08:00 in UTC, or @1800000000 (Unix).",
)
@click.option("--until", type=TIME, help="Up to then.")
@click.option("--window", type=click.Choice(tuple(LENGTHS)), default=None,
              help="Windows of this length instead of readings.")  # fmt: skip
@click.option("--format", "shape", type=click.Choice(FORMATS), default="table", show_default=True,
              help="How to print what is found; json is an object a line.")  # fmt: skip
@click.option("--json", "shape", flag_value="json", help="The same as --format json.")
@click.option("--output", default="", metavar="PATH", help="The file for --format parquet.")
@click.option("--by-day", is_flag=True, help="A folder instead, with a part for each day of UTC.")
@click.option("--store", "where", default="", metavar="STORE", help="As of `aggregate`.")
@click.option("--state", default="", metavar="DIR", help="As of `aggregate`.")
def query(
    sql: str,
    *,
    shape: str,
    output: str,
    by_day: bool,
    where: str,
    state: str,
    window: str | None,
    **which: Any,  # noqa: ANN401
) -> int:
    """Print readings or windows, or what the query SQL finds in them.

    It works while `aggregate` runs. The tables are readings, windows and events.
    """
    if (shape == "parquet") != bool(output):
        raise click.UsageError("--format parquet and --output go together")
    if by_day and not output:
        raise click.UsageError("--by-day is for --format parquet")
    selection = Selection(window=window or "", **which)
    if sql and selection != Selection():
        raise click.UsageError("SQL or a selection of channels, not both")
    with closing(opened_at(where, directory_of(state, "aggregate"))) as store:
        found = store.sql(sql or selection.sql())
        if output:
            write = write_days if by_day else write_file
            write(found, Path(output))
        else:
            _show(found, shape)
    return 0


def _show(found: "duckdb.DuckDBPyRelation", shape: str) -> None:
    width = shutil.get_terminal_size().columns
    lines = {"table": table, "csv": csv_pieces, "json": json_lines}.get(shape)
    count = 0
    for line in lines(found) if lines else plots(found, width):
        click.echo(line)
        count += 1
    if count <= (shape in {"table", "csv"}):  # whose first line is the heading
        click.echo(f"no row matches; {CHANNELS} lists what there is", err=True)
