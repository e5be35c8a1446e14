"""Queries, beside the aggregator and without it; `consumers.open`; plots."""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

import consumers
from consumers.query.plot import plotted
from consumers.query.selection import instant
from edge_agent.errors import AgentError
from tests.consumers.aggregate.conftest import START, made

NOW = datetime(2027, 1, 16, tzinfo=UTC)


def test_a_store_is_read_whether_it_is_in_use_or_not(opened):
    assert opened.sql("SELECT count(*) FROM readings").fetchall() == [(120,)]
    found = opened.windows("1m", "air.t", node="greenhouse").fetchall()
    assert [row[4:] for row in found] == [
        (60, 0, 7.375, 14.75, 14.75),
        (60, 15, 22.375, 29.75, 29.75),
    ]


def test_readings_are_chosen_by_channel_and_time(opened):
    since = START + timedelta(seconds=10)
    found = opened.readings("t", since=since, until="2027-01-15T08:00:12").fetchall()
    assert found == [
        (since + timedelta(seconds=n), "greenhouse", "air", "t", (10 + n) / 4) for n in range(2)
    ]
    assert opened.readings("soil.t").fetchall() == []


@pytest.mark.parametrize(
    "sql", ["DELETE FROM events", "SELECT 1; SELECT 2", "COPY events TO 'x'", "SELECT", ""]
)
def test_anything_but_one_select_is_refused(opened, sql):
    with pytest.raises(AgentError, match=r"only one SELECT|the query failed|postgresql://|column"):
        opened.sql(sql)
    assert opened.sql("SELECT count(*) FROM readings").fetchall() == [(120,)]


WIPE = (
    "CREATE FUNCTION wipe() RETURNS INT LANGUAGE sql AS 'DELETE FROM series_readings RETURNING 1'"
)
TYPED = """
SELECT NULL::TEXT AS a, '' AS b, 0.1::FLOAT8 + 0.2 AS c, E'x,"\\n' AS d, TRUE AS e,
    '{"n": 1}'::JSON AS f, DATE '2027-01-15' AS g, sum((value * 4)::BIGINT) AS h, ARRAY[1] AS i
FROM readings;
"""


@pytest.fixture
def opened_server(filled_server):
    one = consumers.open(filled_server)
    yield one
    one.close()


def test_a_question_to_a_server_cannot_write(opened_server, filled_server):
    with psycopg.connect(filled_server) as connection:
        connection.execute(WIPE)
    with pytest.raises(AgentError, match="cannot execute DELETE in a read-only transaction"):
        opened_server.sql("SELECT wipe()")


def test_what_a_server_answers_keeps_its_types(opened_server):
    texts = 'x,"\n', True, '{"n": 1}', date(2027, 1, 15)
    assert opened_server.sql(TYPED).fetchall() == [
        (None, "", 0.30000000000000004, *texts, 7140.0, "{1}")
    ]


def test_columns_of_one_name_are_refused(opened_server):
    with pytest.raises(AgentError, match="a name of its own"):
        opened_server.sql("SELECT 1 AS a, 2 AS a")


def test_a_name_with_quotes_is_only_a_name(opened):
    assert opened.readings("'; DROP TABLE events; --").fetchall() == []


def test_rows_that_come_after_an_answer_are_in_the_next_one(filled, event, tmp_path):
    one = consumers.open(str(tmp_path / "0.duckdb"))
    before = one.readings()
    filled.commit(made(event, 500, 1))
    assert (len(before.fetchall()), len(one.readings().fetchall())) == (120, 121)
    one.close()


def test_a_file_that_another_program_has_is_named(tmp_path, command):
    with duckdb.connect(str(tmp_path / "x.duckdb")):
        done = command("query", "--store", tmp_path / "x.duckdb")
    assert done.returncode == 1
    assert re.search(r"x.duckdb: another process has it open: end it, or", done.stderr)


def test_a_store_that_is_not_there_is_named_with_what_makes_it(tmp_path, command):
    done = command("query", "SELECT 1", "--store", str(tmp_path / "none.duckdb"))
    assert done.returncode == 4
    assert f"{tmp_path}/none.duckdb: there is no store yet: run `edge-consumer agg" in done.stderr


@pytest.mark.parametrize("form", ["table", "json", "plot"])
def test_where_no_row_matches_the_query_for_what_there_is_is_named(command, path, query, form):
    chosen = ["--format", form, "--channel"]
    done = command("query", "--store", path, *chosen, "nothing")
    assert "no row matches; `edge-consumer query 'SELECT DISTINCT node" in done.stderr
    assert query(*chosen, "t") != ""


MANY = "SELECT number FROM generate_series(1, 300000) AS many(number)"


def printing(path, sql, shape="csv"):
    """Words for a process that prints what a query finds."""
    query = [sys.executable, "-m", "consumers", "query", "--store", str(path)]
    return [*query, "--format", shape, sql]


def test_csv_is_appended_to_a_file_as_the_shell_asks(path, tmp_path):
    (tmp_path / "all.csv").write_text("before\n")
    with (tmp_path / "all.csv").open("a") as file:
        subprocess.run(printing(path, "SELECT 1 AS one"), stdout=file, check=True, timeout=120)
    assert (tmp_path / "all.csv").read_text() == "before\none\n1\n"


@pytest.mark.parametrize("shape", ["csv", "json"])
def test_a_full_disk_is_said_and_is_a_failure(path, shape):
    with Path("/dev/full").open("w") as full:
        words = printing(path, MANY, shape)
        ended = subprocess.run(words, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (1, "standard output: No space left on device\n")


@pytest.mark.parametrize("shape", ["csv", "json"])
def test_a_reader_that_has_enough_ends_it_without_a_word(path, shape):
    pipe = subprocess.PIPE
    with subprocess.Popen(printing(path, MANY, shape), stdout=pipe, stderr=pipe) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_values_in_csv_are_those_that_duckdb_writes(query, tmp_path):
    sql = """SELECT * FROM (VALUES
        (1, 0.1, 1e300, true, 'a "quoted", text', TIMESTAMP '2027-01-15 08:00:00.5'),
        (NULL, NULL, 'NaN', false, 'two
        lines', NULL)) AS t("a ""b", b, c, d, e, f)"""
    duckdb.sql(sql).write_csv(str(tmp_path / "expected.csv"))
    assert query(sql, "--format", "csv") == (tmp_path / "expected.csv").read_text()


def test_the_formats_have_the_same_rows(query, tmp_path):
    window = "--window", "1m", "--channel", "air.t"
    rows = [json.loads(line) for line in query(*window, "--json").splitlines()]
    assert [row["mean"] for row in rows] == [7.375, 22.375]
    csv = query(*window, "--format", "csv").splitlines()
    assert csv[0] == "start,node,device,channel,count,min,mean,max,last"
    assert len(csv) == 3
    shown = query(*window).splitlines()
    assert shown[0].split() == csv[0].split(",")
    assert "22.375" in shown[2]
    query(*window, "--format", "parquet", "--output", str(tmp_path / "x.parquet"))
    assert (tmp_path / "x.parquet").read_bytes()[:4] == b"PAR1"
    assert "greenhouse air t" in query("--format", "plot")


@pytest.mark.parametrize(
    "options",
    [
        ("SELECT 1", "--node", "a"),
        ("--format", "parquet"),
        ("--by-day",),
        ("--since", "soon"),
        ("--window", "2m"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(command, options):
    assert command("query", *options).returncode == 2


@pytest.mark.parametrize(
    "text, time",
    [
        ("2h", NOW - timedelta(hours=2)),
        ("2027-01-15", datetime(2027, 1, 15, tzinfo=UTC)),
        ("2027-01-15T08:00+01:00", datetime(2027, 1, 15, 7, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_date_or_how_long_ago(text, time):
    assert instant(text, NOW) == time


def test_a_plot_rises_with_its_values():
    points = [(NOW + timedelta(minutes=n), float(n)) for n in range(60)]
    assert plotted("a", points, width=32, height=2) == [
        "a",
        "59 ┤             ▁▁▂▂▃▃▄▄▅▆▆▇▇██",
        " 0 ┤▁▂▂▃▃▄▅▅▆▆▇▇████████████████",
        "    2027-01-16 00:00   00:59 UTC",
    ]


finite = st.floats(-1e9, 1e9)


@given(st.lists(st.tuples(st.integers(0, 10**6), finite), min_size=1), st.integers(30, 200))
def test_a_plot_fits_its_width_and_shows_every_series_of_values(found, width):
    points = [(NOW + timedelta(seconds=s), value) for s, value in sorted(found)]
    lines = plotted("title", points, width)
    assert max(map(len, lines)) <= max(width, 50)
    assert any(block in "".join(lines) for block in "▁▂▃▄▅▆▇█")
