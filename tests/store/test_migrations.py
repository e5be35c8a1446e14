import sqlite3

import pytest
from sqlite_utils import Database

from edge_agent.store.migrations import STEPS, migrate


@pytest.fixture
def log(tmp_path):
    """Return a database that has seen the first steps only, and all that were due since."""
    opened = []

    def make(version):
        connection = sqlite3.connect(tmp_path / f"{version}.db", isolation_level=None)
        opened.append(connection)
        db = Database(connection, execute_plugins=False)
        for step in STEPS[:version]:
            step(db)
        connection.execute(f"PRAGMA user_version = {version}")
        migrate(connection, "log")
        return db

    yield make
    for each in opened:
        each.close()


def shape(db):
    """Return the columns and the indexes of each table, and whether it numbers its rows itself."""
    return {
        table.name: (table.columns, table.indexes, "AUTOINCREMENT" in table.schema)
        for table in db.tables
    }


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_a_new_log_has_the_shape_of_one_of_an_older_version_brought_up_to_date(log, version):
    assert shape(log(0)) == shape(log(version))


def test_a_new_log_begins_as_an_old_one_without_events_ends(log):
    new, old = log(0), log(1)
    tables = sorted(shape(new))
    rows = [{name: list(db.table(name).rows) for name in tables} for db in (new, old)]
    for each in rows:
        assert len(each.pop("log")) == 1
    assert rows[0] == rows[1]
