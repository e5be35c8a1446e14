"""docs/adding-a-source.md, followed to the letter: its files are a package that works."""

import json
import sqlite3
from contextlib import closing

import pytest

from edge_agent.testing.origin import messages
from tests.example_package import files_of, install, run_in, write

FILES = files_of("adding-a-source.md")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The directory of the package, as a reader of the page writes it."""
    return write(FILES, tmp_path_factory.mktemp("edge-source-sqlite"))


@pytest.fixture(scope="module")
def environment(package, tmp_path_factory):
    """The environment of a process in which the package is installed."""
    return install(package, tmp_path_factory.mktemp("site"))


def test_the_page_has_every_file_of_the_package():
    assert FILES.keys() == {
        "pyproject.toml",
        "edge_source_sqlite/__init__.py",
        "edge_source_sqlite/source.py",
        "tests/test_source.py",
    }


def test_the_packages_own_tests_pass_with_the_contract(environment, package):
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", f"--rootdir={package}"]
    done = run_in(environment, "pytest", *options, "-rA", package / "tests")
    assert done.returncode == 0, done.stdout
    assert "test_what_is_acknowledged_does_not_arrive_again" in done.stdout
    assert "2 xfailed" in done.stdout


def test_a_command_reads_from_it_and_resumes_at_its_place(environment, tmp_path):
    path = tmp_path / "bus.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE message (payload BLOB)")

    def audit():
        options = ["--group", "auditor", "--until-quiet", "--settle", "200ms", "--json"]
        return run_in(environment, "consumers", "audit", f"sqlite://{path}", *options)

    assert audit().returncode == 4
    for numbers in ([1, 2], [3, 4]):
        with closing(sqlite3.connect(path)) as database, database:
            rows = [(each.payload,) for each in messages(numbers)]
            database.executemany("INSERT INTO message VALUES (?)", rows)
        (log,) = json.loads(audit().stdout)["logs"]
        assert (log["first"], log["last"]) == tuple(numbers)
