"""docs/adding-a-sink.md, followed to the letter: its files are a package that works."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from tests.example_package import DOCS, files_of, install, run_in, write

PAGE = (DOCS / "adding-a-sink.md").read_text()
FILES = files_of("adding-a-sink.md")
(CONFIGURATION,) = re.findall(r"```toml\n(\[\[sink\]\].*?)```", PAGE, re.DOTALL)
CONFIG = """
[mqtt]
url = "mqtt://127.0.0.1:9"
[log]
path = "{directory}/log.db"
[[device]]
name = "load"
driver = "load"
every = "1s"
{sink}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The directory of the package, as a reader of the page writes it."""
    return write(FILES, tmp_path_factory.mktemp("edge-agent-sqlite"))


@pytest.fixture(scope="module")
def environment(package, tmp_path_factory):
    """The environment of a process in which the package is installed."""
    return install(package, tmp_path_factory.mktemp("site"))


@pytest.fixture
def run(environment):
    """A function: run a module in that environment."""
    return lambda *words: run_in(environment, *words)


@pytest.fixture
def config(tmp_path):
    """A configuration with the page's sink, which writes below tmp_path."""
    file = tmp_path / "shed.toml"
    sink = CONFIGURATION.replace("/var/lib/edge-agent", str(tmp_path))
    file.write_text(CONFIG.format(directory=tmp_path, sink=sink))
    return file


def test_the_page_has_every_file_of_the_package():
    assert FILES.keys() == {
        "pyproject.toml",
        "edge_agent_sqlite/__init__.py",
        "edge_agent_sqlite/sink.py",
        "tests/test_sink.py",
    }


def test_the_packages_own_tests_pass_with_the_contract(run, package):
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", f"--rootdir={package}"]
    done = run("pytest", *options, "-rA", package / "tests")
    assert done.returncode == 0, done.stdout
    assert "test_after_an_outage_the_rest_arrives_and_nothing_is_missing" in done.stdout
    assert "xfail" not in done.stdout.lower()


def test_its_options_are_keys_of_the_configuration(run, config):
    assert run("edge_agent", "check", config).returncode == 0
    config.write_text(config.read_text().replace("max_event", "max_events"))
    assert "did you mean 'max_event'" in run("edge_agent", "check", config).stderr


def rows(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT id, type, data FROM event ORDER BY rowid").fetchall()


def has_a_reading(path):
    with suppress(sqlite3.Error):  # no file or no table yet
        return "edge.reading.v1" in str(rows(path))
    return False


def test_an_agent_delivers_to_it_and_keeps_its_account(run, environment, config, wait_for):
    log = config.parent / "log.db"
    found = config.parent / "events.sqlite"
    command = [sys.executable, "-m", "edge_agent", "run", str(config)]
    agent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: found.exists() and has_a_reading(found))
    finally:
        agent.send_signal(signal.SIGINT)
        code = agent.wait(60)
    assert code == 0
    assert "started" in {json.loads(data).get("what") for _, _, data in rows(found)}
    report = json.loads(run("edge_agent", "sinks", config, "--json").stdout)["sinks"]["local"]
    assert (report["delivered"], report["waiting"]) == (len(rows(found)), 0)
    with closing(sqlite3.connect(log)) as database:
        ((id_, count),) = database.execute("SELECT id, (SELECT count(*) FROM event) FROM log")
    assert [row[0] for row in rows(found)] == [f"{id_}:{n}" for n in range(1, count + 1)]
