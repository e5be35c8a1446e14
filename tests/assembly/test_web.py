"""The page of a whole agent: off by default, closed to others, and no reason for it to end."""

import json
import logging
import os
import socket
import subprocess
import sys

import pytest
from lab.agent import AgentProcess

from edge_agent.assembly.web import AgentPage
from edge_agent.blueprint import resolve
from edge_agent.clock import SystemClock
from edge_agent.config.web import WebSettings, page_url
from edge_agent.errors import ConfigError
from tests.configurations import shed
from tests.page_client import PASSWORD, PageClient, reachable

NOWHERE = "mqtt://127.0.0.1:1"


@pytest.fixture
def configure(tmp_path):
    """A function: write a configuration with `[web]` and other tables; return its file."""

    def write(listen, more="", tables=""):
        path = tmp_path / "shed.toml"
        path.write_text(f'{shed(NOWHERE)}\n[web]\nlisten = "{listen}"\n{more}\n{tables}')
        return path

    return write


@pytest.fixture
def start(tmp_path, configure, port):
    """A function: start the real program with a page; the end of the test stops it."""
    processes = []

    def begin(more="", tables=""):
        text = configure(f"127.0.0.1:{port}", more, tables).read_text()
        processes.append(AgentProcess(tmp_path, "", text).start())
        return processes[-1]

    yield begin
    for each in processes:
        each.stop()


@pytest.fixture
def run(start, port, wait_for):
    """A function: start the real program; return a client of its page, once that answers."""

    def begin(more="", tables=""):
        page = PageClient(port)
        page.agent = start(more, tables)
        wait_for(lambda: reachable(port))
        return page

    return begin


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o640)
    return path


def until(wait_for, page, condition):
    """Return what is true now, as soon as it fulfils a condition."""

    def ask():
        found = page.get("/api/now").json
        return found if condition(found) else None

    return wait_for(ask)


def command(page, **body):
    token = page.get("/api/session").json["csrf"]
    return page.ask("POST", "/api/command", body, **{"x-csrf-token": token})


def test_a_running_agent_shows_what_is_true_now(run, wait_for):
    page = run()
    found = until(wait_for, page, lambda one: {"readings", "alerts", "outputs"} <= one.keys())
    (device,) = found["description"]["devices"]
    assert (device["name"], device["driver"], device["every"]) == ("air", "sht4x", 0.05)
    assert set(found["readings"]["air"]["values"]) == {one["name"] for one in device["channels"]}
    assert found["readings"]["air"]["quality"] == "good"
    until(wait_for, page, lambda one: one["alerts"]["warm"]["state"] == "firing")
    until(wait_for, page, lambda one: one["outputs"]["fan"]["value"] == 1)


def test_the_account_of_a_sink_that_is_away_adds_up(run, wait_for):
    def sinks(found):
        return [one for one in found["account"].get("sinks", []) if one["waiting"] > 20]

    (sink,) = sinks(until(wait_for, run(), sinks))
    assert sink["name"] == "mqtt"
    assert sink["recorded"] == sink["delivered"] + sink["waiting"]
    assert sink["oldest"] > 0


def test_a_viewer_sees_readings_as_they_come(run):
    with run().watch("/api/live") as viewer:
        viewer.until(b'"description"')
        for _ in range(3):
            viewer.until_next(b'"readings"')


def test_a_switch_on_the_page_switches_the_output_and_is_logged(run, wait_for):
    page = run(tables='[commands]\nallow = ["set"]')
    until(wait_for, page, lambda one: one.get("outputs", {}).get("fan", {}).get("value") == 1)
    answered = command(page, command="set", output="fan", value="off", **{"for": 60})
    assert answered.json["state"] == "done"
    found = until(wait_for, page, lambda one: one["outputs"]["fan"]["value"] == 0)
    assert found["outputs"]["fan"]["by"] == "command"
    logged = wait_for(lambda: [one for one in page.agent.events() if one.kind == "command"])
    assert json.loads(logged[0].data)["arguments"]["output"] == "fan"


def test_a_command_that_takes_long_is_answered_at_its_end(run):
    answered = command(run(tables='[commands]\nallow = ["read"]'), command="read", device="air")
    assert answered.json["result"]["quality"] == "good"


def test_the_page_obeys_the_same_list_of_commands_as_mqtt(run):
    page = run(tables='[commands]\nallow = ["read"]')
    answered = command(page, command="set", output="fan", value="off")
    assert answered.json["state"] == "refused"
    assert answered.json["reason"] == "set is not in commands.allow of the configuration"


@pytest.mark.parametrize("body", [{"output": "fan"}, {"command": 5}, {"command": ["set"]}])
def test_what_is_no_command_is_refused(run, body):
    assert command(run(), **body).status == 400


def test_an_unknown_command_is_refused(run):
    assert "no such command: 'explode'" in command(run(), command="explode").json["reason"]


def test_the_page_of_a_running_agent_asks_for_its_password(run, password_file):
    page = run(f'password_file = "{password_file}"')
    assert page.get("/api/now").status == 401
    assert page.get("/api/now", **page.log_in()).status == 200
    assert not page.agent.says(PASSWORD)


def test_an_agent_whose_port_is_taken_measures_on_and_says_so(start, port, wait_for):
    with socket.create_server(("127.0.0.1", port)):
        one = start()
        wait_for(lambda: one.output.exists() and one.says("Address already in use; name another"))
        wait_for(lambda: one.log.exists() and len(one.events()) > 20)
        assert one.stop() == 0


def test_an_agent_with_viewers_stops_as_soon_as_without(run):
    page = run()
    with page.watch("/api/live") as viewer:
        viewer.until(b'"description"')
        assert page.agent.stop() == 0
        viewer.until_end()


def test_another_page_needs_a_restart(run, tmp_path, wait_for, port):
    page = run(tables='[commands]\nallow = ["reload"]')
    text = page.agent.config.read_text()
    page.agent.config.write_text(text.replace(f"127.0.0.1:{port}", "127.0.0.1:8099"))
    answered = command(page, command="reload")
    assert answered.json["state"] == "failed"
    assert "web: cannot change while the agent runs" in answered.json["reason"]


def test_without_a_page_what_is_shown_goes_nowhere(tmp_path):
    path = tmp_path / "shed.toml"
    path.write_text(shed(NOWHERE))
    page = AgentPage(resolve(path), tmp_path / "shed.db", SystemClock(), request=None)
    assert (page._worker, page._views) == (None, None)


def test_a_failed_thread_of_the_page_ends_nothing_else(configure, tmp_path, caplog, port):
    blueprint = resolve(configure(f"127.0.0.1:{port}"))
    page = AgentPage(blueprint, tmp_path / "shed.db", SystemClock(), request=None)
    page.put("not a reading")
    with caplog.at_level(logging.ERROR):
        page.start()
        page._worker.wait()
    assert "the agent continues without the page" in caplog.text
    page.stop(0.0)


def problems_of(path):
    with pytest.raises(ConfigError) as found:
        resolve(path)
    return "\n".join(found.value.problems)


@pytest.mark.parametrize("text", ["8080", "127.0.0.1", "::1:8080", "shed.local:8080"])
def test_check_finds_what_is_no_address(configure, text):
    assert "write one such as 127.0.0.1:8080" in problems_of(configure(text))


@pytest.mark.parametrize(
    "address", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "[2001:db8::1]:1"]
)
def test_check_refuses_to_listen_beyond_this_machine_without_a_password(configure, address):
    assert "other machines reach this address; set password_file" in problems_of(configure(address))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.1.2.3:80", "[::1]:8080", "localhost:80"])
def test_check_accepts_this_machine_without_a_password(configure, address):
    assert resolve(configure(address)).config.web.listen == address


def test_check_accepts_any_address_with_a_password(configure, password_file):
    path = configure("0.0.0.0:8080", f'password_file = "{password_file}"')
    assert resolve(path).config.web.listen == "0.0.0.0:8080"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda file: file.unlink(), "No such file or directory"),
        (
            lambda file: file.write_text("short\n"),
            "the password has 5 characters; choose one of 12",
        ),
        (lambda file: file.write_text(""), "it is empty: write the secret alone"),
        (lambda file: file.chmod(0o644), "every user of this machine can read it"),
    ],
)
def test_check_finds_a_password_that_protects_nothing(configure, password_file, make, problem):
    make(password_file)
    found = problems_of(configure("0.0.0.0:80", f'password_file = "{password_file}"'))
    assert f"web.password_file = {password_file}: " in found
    assert problem in found


def test_check_shows_no_password_that_stands_in_place_of_a_file(configure):
    found = problems_of(configure("0.0.0.0:80", 'password_file = "hunter2hunter2"'))
    assert "hunter2" not in found


def test_a_password_may_come_from_the_environment(configure, monkeypatch):
    monkeypatch.setenv("PAGE_PASSWORD", PASSWORD)
    path = configure("0.0.0.0:80", 'password_env = "PAGE_PASSWORD"')
    assert resolve(path).config.web.password_env == "PAGE_PASSWORD"


@pytest.mark.parametrize("given, missing", [("certificate", "key"), ("key", "certificate")])
def test_check_finds_one_file_of_tls_without_the_other(configure, given, missing):
    found = problems_of(configure("127.0.0.1:80", f'{given} = "/tmp/x.pem"'))
    assert f"web.{given} = /tmp/x.pem: it needs {missing} as well" in found


def test_check_finds_a_certificate_that_is_none(configure, password_file):
    files = f'certificate = "{password_file}"\nkey = "{password_file}"'
    found = problems_of(configure("127.0.0.1:80", files))
    assert "the two must be PEM files" in found


def test_check_finds_that_the_package_is_missing(configure, monkeypatch):
    monkeypatch.setattr("edge_agent.blueprint.web.PACKAGE", "no_such_package")
    assert "pip install 'edge-agent[web]'" in problems_of(configure("127.0.0.1:8080"))


def test_check_succeeds_without_importing_the_package(configure):
    program = (
        "import sys; from edge_agent.blueprint import resolve; from pathlib import Path;"
        " resolve(Path(sys.argv[1])); sys.exit('microdot' in sys.modules)"
    )
    command = [sys.executable, "-c", program, configure("127.0.0.1:8080")]
    assert subprocess.run(command, check=False, env=os.environ).returncode == 0


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, ""),
        ({"listen": "127.0.0.1:8080"}, "http://127.0.0.1:8080/"),
        ({"listen": "[::1]:8080", "certificate": "a"}, "https://[::1]:8080/"),
        ({"listen": "0.0.0.0:80"}, "http://localhost:80/"),
    ],
)
def test_a_browser_on_this_machine_finds_the_page(settings, url):
    assert page_url(WebSettings(**settings)) == url
