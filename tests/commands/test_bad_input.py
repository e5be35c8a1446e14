import socket
import sqlite3
from pathlib import Path

import pytest

from edge_agent.clock import ManualClock
from edge_agent.store.event_log import EventLog


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def start(edge_agent, config, log, *more, url="mqtt://127.0.0.1:1"):
    """Start the simulator; every case here ends it before it runs."""
    words = ["--set", f"log.path={log}", "--set", f"mqtt.url={url}"]
    return edge_agent("simulate", config(), *words, *more)


def one_line(done, code):
    assert done.code == code
    assert len(done.err.splitlines()) == 1
    return done.err


def test_a_port_in_use_names_the_two_ways_out(edge_agent, config, tmp_path, taken_port):
    url = f"mqtt://127.0.0.1:{taken_port}"
    line = one_line(start(edge_agent, config, tmp_path / "a.db", url=url), 5)
    assert f"no broker can listen on 127.0.0.1:{taken_port} (Address already in use): use" in line
    assert "--no-broker, or choose another port with --set mqtt.url=mqtt://127.0.0.1:" in line


def test_a_log_from_a_newer_version_is_not_changed(edge_agent, config, tmp_path):
    path = tmp_path / "newer.db"
    EventLog.open(path, boot=ManualClock().boot).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = path.read_bytes()
    done = start(edge_agent, config, path, "--no-broker")
    assert done.code == 4
    assert "was written by a newer edge-agent (version 99" in done.err.splitlines()[-1]
    assert path.read_bytes() == before


def test_a_directory_that_cannot_be_written_is_named(edge_agent, config, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    done = start(edge_agent, config, tmp_path / "file/events.db", "--no-broker")
    assert done.code == 4
    assert "choose another place with --set log.path=" in done.err.splitlines()[-1]


@pytest.mark.parametrize("content", [None, "not PEM"])
def test_a_certificate_that_cannot_be_used_is_a_problem_of_the_configuration(
    edge_agent, config, tmp_path, content
):
    ca = tmp_path / "ca.pem"
    if content:
        ca.write_text(content)
    words = ["--set", "mqtt.url=mqtts://broker", "--set", f"mqtt.ca={ca}"]
    done = edge_agent("check", config(), *words)
    assert done.code == 2
    assert f"mqtt.ca = {ca}: " in done.err
    assert "give a readable PEM file" in done.err


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ('[signal."air.temperatur"]\nkind = "constant"\nlevel = 1\n', "temperature"),
        ('[[fault]]\nkind = "unplug"\ndevice = "airr"\n', "air"),
        ("seed = ", "not TOML"),
    ],
)
def test_a_wrong_scenario_is_explained(edge_agent, config, tmp_path, scenario, words):
    path = tmp_path / "wrong.scenario.toml"
    path.write_text(scenario)
    done = start(edge_agent, config, tmp_path / "a.db", "--no-broker", "--scenario", path)
    assert done.code == 2
    assert words in done.err


def test_an_override_that_leads_nowhere_shows_how_to_write_one(edge_agent, config):
    done = edge_agent("check", config(), "--set", "device.nobody.every=5s")
    assert done.code == 2
    assert "--set: device.nobody.every: no such key; write it as --set mqtt.url=" in done.err


def test_an_unknown_command_is_refused_with_help(edge_agent):
    done = edge_agent("simulte")
    assert done.code == 2
    assert "No such command 'simulte'" in done.err


def test_nothing_was_left_behind(edge_agent, config, tmp_path, taken_port):
    start(edge_agent, config, tmp_path / "a.db", url=f"mqtt://127.0.0.1:{taken_port}")
    assert [path.name for path in Path(tmp_path).iterdir()] == ["shed.toml"]


@pytest.mark.parametrize("group", ["log", "rules", "schema", "service"])
def test_a_list_of_commands_has_whole_sentences(edge_agent, group):
    assert "..." not in edge_agent(group, "--help").out.partition("Commands:")[2]
