import sqlite3

import pytest

from edge_agent.store.log_connection import read_only
from edge_agent.store.soundness import is_damage


def short_of_memory():
    raise MemoryError


def test_a_lack_of_memory_is_an_error_of_sqlite_and_no_damage(tmp_path):
    path = tmp_path / "events.db"
    sqlite3.connect(path).close()
    connection = read_only(path)
    connection.create_function("f", 0, short_of_memory)
    with pytest.raises(sqlite3.OperationalError, match="SQLite is out of memory") as caught:
        connection.execute("SELECT f()")
    assert not is_damage(caught.value)
    connection.close()


@pytest.mark.parametrize("name", ["a#b", "a?mode=memory", "a%20b", "a b"])
def test_a_file_may_have_characters_that_mean_something_in_a_url(tmp_path, name):
    path = tmp_path / name
    with sqlite3.connect(path) as writer:
        writer.execute("CREATE TABLE log (id)")
    writer.close()
    connection = read_only(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchone() == ("log",)
    connection.close()
