"""The import into Home Assistant's statistics has a thread only where it is configured."""

import threading
import time

import pytest

from edge_agent.assembly.statistics import NAME, Statistics
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.deliver.home_assistant import import_loop

ON = '[home_assistant]\nenabled = true\nurl = "http://127.0.0.1:1"\ntoken_file = "{}"\n'


@pytest.fixture
def token(tmp_path):
    path = tmp_path / "token"
    path.write_text("abc")
    path.chmod(0o600)
    return path


@pytest.fixture
def notices():
    return []


@pytest.fixture
def statistics(tmp_path, notices):
    """What follows blueprints, over a log that does not exist."""
    found = Statistics(
        tmp_path / "no.db", ManualClock(), notices.append, lambda *one: notices.append(one)
    )
    yield found
    found.stop(time.monotonic() + 60)


@pytest.fixture
def blueprint(tmp_path):
    """A function: resolve a text."""

    def make(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return resolve(path)

    return make


def threads():
    return [one for one in threading.enumerate() if one.name == NAME]


@pytest.mark.parametrize("text", ["", "[home_assistant]\nenabled = true\n"])
def test_without_a_url_there_is_no_thread(statistics, blueprint, text):
    statistics.follow(blueprint(text))
    assert threads() == []


def test_a_reload_ends_the_thread_if_there_is_no_url_any_more(
    statistics, blueprint, token, wait_for
):
    statistics.follow(blueprint(ON.format(token)))
    assert len(threads()) == 1
    statistics.follow(blueprint(""))
    wait_for(lambda: threads() == [])


def test_a_reload_replaces_the_thread(statistics, blueprint, token, wait_for):
    statistics.follow(blueprint(ON.format(token)))
    (before,) = threads()
    statistics.follow(blueprint(ON.format(token)))
    wait_for(lambda: not before.is_alive())
    assert len(threads()) == 1


def test_what_fails_is_in_the_status_of_the_agent(
    statistics, blueprint, token, notices, wait_for, monkeypatch
):
    monkeypatch.setattr(import_loop, "FIRST", 0.0)
    statistics.follow(blueprint(ON.format(token)))
    name, text = wait_for(lambda: notices and notices[0])
    assert name == NAME
    assert text.startswith("statistics are not imported: ")
    assert "there is no event log yet" in text
