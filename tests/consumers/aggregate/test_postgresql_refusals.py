"""What PostgreSQL refuses: a plain line, a remedy, and never a part of the password."""

import contextlib
import re

import psycopg
import pytest
from lab.waiting import eventually

from consumers.aggregate.stores.postgresql_driver import shown
from consumers.aggregate.stores.postgresql_store import PostgresqlStore
from edge_agent.errors import AgentError
from tests.consumers.aggregate.conftest import old

FULL = """
CREATE FUNCTION full_disk() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON series_readings EXECUTE FUNCTION full_disk();
"""
COUNT = "SELECT count(*) FROM readings"
FREED = "DROP FUNCTION full_disk CASCADE"


@pytest.fixture(scope="module")
def guarded(postgresql):
    """A server with two users: one with a password, one that may create nothing."""
    postgresql.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'; CREATE ROLE reader LOGIN")
    return postgresql


WRONG = 'password authentication failed for user "guarded"'
MISSING = 'database "missing" does not exist'
UNKNOWN = 'role "unknown" does not exist'
SET = "set the right one in ~/.pgpass or $PGPASSWORD"


@pytest.mark.parametrize(
    "user, database, what, remedy",
    [
        ("guarded:wrong-one", "postgres", WRONG, SET),
        ("guarded", "postgres", "fe_sendauth: no password supplied", SET),
        ("edge", "missing", MISSING, "create it with createdb, or name another"),
        ("unknown", "postgres", UNKNOWN, "create it with createuser, or name another user"),
    ],
)
def test_a_connection_that_is_refused_has_a_remedy(guarded, command, user, database, what, remedy):
    name = f"postgresql://{user.partition(':')[0]}@/{database}"
    for words in (("aggregate", "mqtt://localhost"), ("query",)):
        done = command(*words, "--store", guarded.url_of(user, database))
        assert (done.returncode, done.stderr) == (4, f"{name}: {what}: {remedy}\n")


def test_the_right_password_opens_the_store(guarded):
    guarded.execute("CREATE SCHEMA of_guarded AUTHORIZATION guarded")
    url = guarded.url_of("guarded:right")
    with contextlib.closing(PostgresqlStore(f"{url}&options=-csearch_path%3Dof_guarded")) as store:
        store.open()
        assert store.name("first") == "first"


@pytest.mark.parametrize(
    "user, options, line",
    [
        ("reader", "", "permission denied for schema public.*: let the user create tables"),
        ("edge", "&options=-csearch_path%3Dnone", "no schema has been selected.*: create the"),
    ],
)
def test_a_schema_without_a_place_for_tables_is_refused_with_a_remedy(guarded, user, options, line):
    store = PostgresqlStore(guarded.url_of(user) + options)
    with contextlib.closing(store), pytest.raises(AgentError, match=line):
        store.open()


def test_a_server_that_is_not_there_is_named_without_the_password(command):
    url = "postgresql://u:secret@127.0.0.1:1/x"
    done = command("aggregate", "mqtt://localhost", "--store", url)
    line = "postgresql://u@127.0.0.1:1/x: Connection refused: start the server, or name its host\n"
    assert (done.returncode, done.stderr) == (4, line)


@pytest.mark.parametrize("password", ["se%zcret", "se/cret", "se@cret", "se cret", "se?cret@x"])
def test_no_part_of_a_password_that_breaks_the_url_is_shown(command, password):
    done = command("query", "--store", f"postgresql://u:{password}@127.0.0.1:1/x")
    assert done.returncode in {1, 4}
    assert "cret" not in done.stderr
    assert re.search("in a password, write % as %25|Connection refused", done.stderr)


@pytest.mark.parametrize(
    "url, name",
    [
        ("postgresql://host/x?password=secret", "postgresql://host/x"),
        ("postgres://u:secret@host:5433/x?sslmode=require", "postgresql://u@host:5433/x"),
        ("postgresql://host/x?user=a%40b&password=se@cret", "postgresql://a@b@host/x"),
        ("postgresql://u:s%40t@a:1,b:2/x", "postgresql://u@a,b:1,2/x"),
    ],
)
def test_a_url_is_shown_without_password_and_parameters(url, name):
    assert shown(url) == name


def test_a_run_waits_until_a_full_disk_is_freed(aggregate, publisher, postgresql, event):
    url = postgresql.url()
    process = aggregate("--store", url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FULL)
        publisher.publish([old(event, n) for n in range(1, 301)])
        line = process.stderr.readline()
        connection.execute(FREED)
        eventually(lambda: connection.execute(COUNT).fetchone() == (300,))
    process.terminate()
    assert process.communicate(timeout=60)[0] == "300 events, 0 duplicates, 0 dead\n"
    remedy = "free space on the disk of the server; trying again"
    assert line.endswith(f"could not extend file: No space left on device: {remedy}\n")
