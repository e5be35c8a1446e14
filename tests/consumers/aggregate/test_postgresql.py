"""PostgreSQL as a store: whatever is killed, each reading is stored once."""

import json
import random
from contextlib import closing, contextmanager
from itertools import pairwise

import psycopg
import pytest
from lab.waiting import eventually

from consumers.aggregate.stores import postgresql_connection
from consumers.aggregate.stores.postgresql_session import StoreInUse, WriterSession
from consumers.aggregate.stores.postgresql_store import PostgresqlStore
from consumers.aggregate.stores.store import StoreUnavailable
from edge_agent.errors import AgentError, MissingPackage
from tests.consumers.aggregate.conftest import Stored, made, old
from tests.consumers.aggregate.postgresql import PostgresqlServer

COUNTS = "SELECT length, sum(count) FROM windows GROUP BY length"
DAY = "SELECT count, max FROM windows WHERE length = '1d'"
KILLS = 4
CHUNK = 400


@pytest.fixture
def url(postgresql):
    return postgresql.url()


@pytest.fixture
def stored(url):
    one = Stored(PostgresqlStore(url))
    yield one
    one.store.close()


@pytest.fixture
def rows(url):
    """A function: the rows of a query, beside the aggregator."""

    def rows(sql):
        with psycopg.connect(url) as connection:
            return connection.execute(sql).fetchall()

    return rows


@pytest.fixture
def own_server():
    """A server that may be killed."""
    server = PostgresqlServer().start()
    yield server
    server.stop()


def test_a_second_writer_is_refused_until_the_first_has_ended(url, stored):
    second = WriterSession(url, lock_seconds=0.05)
    with pytest.raises(StoreInUse, match="postgres: another aggregator stores in it: end it, or"):
        second.open()
    stored.store.close()
    second.open()
    second.close()


def test_a_transaction_whose_end_was_not_heard_is_not_done_twice(stored, event, rows, monkeypatch):
    begin = WriterSession.transaction

    @contextmanager
    def unheard(session):
        with begin(session):
            yield
        session.connection.close()
        raise psycopg.OperationalError("lost")

    stored.commit(made(event, 1))
    monkeypatch.setattr(WriterSession, "transaction", unheard)
    with pytest.raises(StoreUnavailable, match="lost"):
        stored.commit(made(event, 2, 1))
    monkeypatch.undo()
    stored.repeat()
    assert set(rows(COUNTS)) == {(length, 2) for length in ("1m", "15m", "1h", "1d")}
    stored.commit(made(event, 3, 2))
    assert rows("SELECT log_offset FROM readings ORDER BY 1") == [(1,), (2,), (3,)]
    assert rows("SELECT first, last FROM done") == [(1, 3)]


def test_a_transaction_that_was_cut_off_is_done_again(stored, event, rows):
    stored.commit(made(event, 1))
    pid = stored.store.connection.info.backend_pid
    rows(f"SELECT pg_terminate_backend({pid}, 10000)")
    with pytest.raises(StoreUnavailable):
        stored.commit(made(event, 2, subject="soil"))
    stored.repeat()
    assert rows("SELECT device, log_offset FROM readings ORDER BY 2") == [("air", 1), ("soil", 2)]


def test_an_aggregator_that_was_replaced_meanwhile_ends(url, stored, event, rows):
    stored.commit(made(event, 1))
    stored.store.connection.close()
    other = Stored(PostgresqlStore(url))
    other.commit(made(event, 2))
    other.store.close()
    with pytest.raises(StoreUnavailable):
        stored.commit(made(event, 2))
    with pytest.raises(AgentError, match="another aggregator has stored in it meanwhile"):
        stored.repeat()
    assert rows("SELECT count(*) FROM readings") == [(2,)]


# TimescaleDB is not in Debian: an extension of its name, which only notes what it is asked.
EXTENSION = """
CREATE SCHEMA "Time";
CREATE TABLE "Time".asked (relation TEXT, time_column TEXT);
CREATE FUNCTION "Time".create_hypertable(relation REGCLASS, time_column NAME,
    if_not_exists BOOLEAN, migrate_data BOOLEAN, create_default_indexes BOOLEAN)
    RETURNS VOID LANGUAGE sql AS $$ INSERT INTO "Time".asked VALUES (relation, time_column) $$;
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (1, 'timescaledb', 10, '"Time"'::REGNAMESPACE, FALSE, '2');
"""


def test_with_timescaledb_in_any_schema_the_readings_become_a_hypertable(own_server):
    url = own_server.url()
    own_server.execute(EXTENSION)
    with closing(PostgresqlStore(url)) as store:
        store.open()
        asked = store.connection.execute('SELECT * FROM "Time".asked').fetchall()
    assert asked == [("series_readings", "time")]


def test_a_name_with_a_zero_character_is_stored_without_it(stored, event):
    stored.commit(
        made(event, 1, subject="a\0b", data={"values": {"t\0": 1.0}, "quality": "good"}),
        made(
            event,
            2,
            kind="alert",
            subject="h\0",
            data={"state": "resolved", "severity": "info", "values": {}},
        ),
    )
    assert stored.rows("SELECT device, channel FROM windows WHERE length = '1h'") == [
        ("a\ufffdb", "t\ufffd")
    ]


def test_without_psycopg_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(MissingPackage, match=r"psycopg.*pip install 'edge-agent\[postgresql\]'"):
        postgresql_connection.connected("postgresql://localhost/x")


def test_every_reading_is_stored_once_though_the_command_and_the_server_are_killed(
    aggregate, publisher, own_server, event
):
    url = own_server.url()
    events = [old(event, n) for n in range(1, KILLS * CHUNK + 1)]
    chance = random.Random(14)
    process = aggregate("--store", url)
    for first, last in pairwise(range(0, len(events) + 1, CHUNK)):
        publisher.publish(events[first : chance.randrange(first, last)])
        own_server.kill()
        publisher.publish([*events[first:last], *chance.sample(events[:last], 20)])
        own_server.start()
        process.kill()
        process.wait()
        process = aggregate("--store", url)
    process.kill()
    process.wait()
    done = aggregate("--store", url, "--until-quiet", "2s", "--json")
    counts = json.loads(done.communicate(timeout=60)[0])
    assert (done.returncode, counts["dead"]) == (0, 0)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT log_offset FROM readings ORDER BY 1").fetchall()
        windows = connection.execute("SELECT count, mean, max FROM windows WHERE length = '1d'")
        values = [n / 8 for n in range(1, len(events) + 1)]
        assert found == [(n,) for n in range(1, len(events) + 1)]
        assert windows.fetchall() == [(len(values), sum(values) / len(values), values[-1])]


def test_a_run_outlives_the_server(aggregate, publisher, own_server, event):
    url = own_server.url()
    process = aggregate("--store", url, "--json")
    own_server.kill()
    publisher.publish([old(event, n) for n in range(1, 301)])
    assert "trying again" in process.stderr.readline()
    own_server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        eventually(lambda: connection.execute(DAY).fetchall() == [(300, 37.5)])
    process.terminate()
    counts = json.loads(process.communicate(timeout=60)[0])
    assert (process.returncode, counts["events"]) == (0, 300)
