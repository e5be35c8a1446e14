"""What is found, as frames and as Parquet, for the programs that read them."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset
import pytest

from tests.consumers.aggregate.conftest import START, made

NAMES = ["time", "node", "device", "channel", "value"]
TIMES = [START + timedelta(seconds=n) for n in range(120)]
VALUES = [n / 4 for n in range(120)]
DAYS = [date(2027, 1, 15), date(2027, 1, 16)]


def test_readings_become_a_frame_of_pandas(opened):
    frame = opened.readings().df()
    assert list(frame.columns) == NAMES
    assert str(frame["time"].dt.tz) == "UTC"
    assert frame["time"].tolist() == TIMES
    assert frame.set_index("time")["value"].resample("1min").mean().tolist() == [7.375, 22.375]


def test_readings_become_a_frame_of_polars(opened):
    frame = opened.readings().pl()
    assert frame.schema["time"] == pl.Datetime("us", "UTC")
    assert (frame.columns, frame["time"].to_list()) == (NAMES, TIMES)
    assert frame["value"].to_list() == VALUES


def test_readings_become_batches_and_a_table_of_arrow(opened):
    batches = opened.readings().arrow()
    assert isinstance(batches, pyarrow.RecordBatchReader)
    table = opened.readings().to_arrow_table()  # while no batch is read yet
    assert table.equals(batches.read_all())
    assert table.schema.field("time").type == pyarrow.timestamp("us", "UTC")
    assert table["value"].to_pylist() == VALUES


def test_windows_become_frames(opened):
    found = opened.windows("1m", "air.t")
    assert found.df()["mean"].tolist() == found.pl()["mean"].to_list() == [7.375, 22.375]


@pytest.fixture
def days(query, stored, event, tmp_path, monkeypatch):
    """A function: export two days, in New York; a reading is just before midnight in UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    stored.commit(made(event, 500, 16 * 3600 - 0.001), made(event, 501, 16 * 3600))
    folder = tmp_path / "archive" / "readings"

    def export(*options):
        query(*options, "--format", "parquet", "--by-day", "--output", folder)
        return folder

    return export


@pytest.fixture
def path(filled, tmp_path):
    """A file alone: the folder is written in the same way from every store."""
    return tmp_path / "0.duckdb"


def test_a_day_of_utc_is_a_part_of_the_folder(days):
    folder = days()
    assert [each.name for each in sorted(folder.iterdir())] == [f"day={each}" for each in DAYS]
    (part,) = folder.glob("day=2027-01-16/*.parquet")
    times = duckdb.read_parquet(str(part), hive_partitioning=False).project("epoch_us(time)")
    assert times.fetchall() == [(datetime(2027, 1, 16, tzinfo=UTC).timestamp() * 1e6,)]


def test_pandas_reads_the_folder_and_single_days(days):
    folder = days()
    frame = pd.read_parquet(folder)
    assert (len(frame), list(frame.columns)) == (122, [*NAMES, "day"])
    assert sorted(set(frame["day"].astype(str))) == list(map(str, DAYS))
    assert len(pd.read_parquet(folder, filters=[("day", "=", "2027-01-16")])) == 1


def test_polars_reads_the_folder_and_single_days(days):
    folder = days()
    frame = pl.read_parquet(folder)
    assert (frame.height, frame["day"].unique().sort().to_list()) == (122, DAYS)
    last = pl.scan_parquet(folder).filter(pl.col("day") == DAYS[1]).collect()
    assert last["time"].to_list() == [datetime(2027, 1, 16, tzinfo=UTC)]


def test_duckdb_and_arrow_read_the_folder_and_single_days(days):
    folder = days()
    found = duckdb.read_parquet(f"{folder}/*/*.parquet", hive_partitioning=True)
    counts = found.aggregate("day, count(*)").order("day")
    assert counts.fetchall() == [(DAYS[0], 121), (DAYS[1], 1)]
    dataset = pyarrow.dataset.dataset(folder, partitioning="hive")
    wanted = pyarrow.dataset.field("day") == str(DAYS[1])
    assert dataset.count_rows(filter=wanted) == 1


def test_windows_are_exported_by_day_as_well(days):
    frame = pl.read_parquet(days("--window", "1h"))
    counts = frame.group_by("day").agg(pl.col("count").sum()).sort("day").rows()
    assert counts == [(DAYS[0], 121), (DAYS[1], 1)]


def test_days_are_added_to_a_folder(days):
    days("--until", "2027-01-16")
    folder = days("--since", "2027-01-16")
    assert pl.read_parquet(folder).height == 122


def test_a_day_that_the_folder_has_is_never_mixed_or_lost(days, path, command):
    folder = days("--since", "2027-01-16")
    words = "--format", "parquet", "--by-day", "--output", folder
    done = command("query", "--store", path, *words)
    assert done.returncode == 1
    assert done.stderr == f"{folder}/day=2027-01-16 is there: remove it, or name other days\n"
    assert [each.name for each in folder.iterdir()] == ["day=2027-01-16"]


def test_rows_without_a_time_have_no_day(path, command, tmp_path):
    words = "--format", "parquet", "--by-day", "--output", tmp_path / "x"
    done = command("query", "--store", path, *words, "SELECT 1 AS a")
    assert (done.returncode, done.stderr) == (1, "days need a column time or start\n")


@pytest.mark.parametrize("by_day", [(), ("--by-day",)])
def test_a_place_that_cannot_be_written_is_named(path, command, tmp_path, by_day):
    (tmp_path / "file").touch()
    wrong = tmp_path / "file" / "x.parquet"
    done = command("query", "--store", path, "--format", "parquet", "--output", wrong, *by_day)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{wrong}: ")
