"""`edge-agent service` on the command line; the machine is one below a directory."""

import json
import logging
import os

import pytest

from edge_agent.cli import main
from edge_agent.clock import ManualClock
from edge_agent.commands import service as module
from edge_agent.events import lifecycle
from edge_agent.store.event_log import EventLog

CONFIG = "/etc/edge-agent/config.toml"


@pytest.fixture
def edge_agent(monkeypatch, machine, capsys):
    """A function: run `edge-agent service` as root of that machine."""
    monkeypatch.setattr(module, "Machine", lambda: machine)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module.sysconfig, "get_path", lambda _name: "/srv/agent/bin")
    monkeypatch.setattr(module, "PARTS", ("/usr/bin/python3",))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["service", *words])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    yield run
    os.environ.pop("CREDENTIALS_DIRECTORY", None)
    logging.getLogger().handlers.clear()


def test_install_and_uninstall_print_what_they_did(edge_agent, system):
    code, out, err = edge_agent("install")
    assert (code, err) == (0, "")
    assert "service        started" in out
    code, out, _ = edge_agent("uninstall")
    assert code == 0
    assert "kept: /etc/edge-agent" in out


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_without_root_it_names_the_remedy_and_does_nothing(edge_agent, monkeypatch, system, verb):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    code, out, err = edge_agent(verb)
    assert (code, out) == (1, "")
    assert err.endswith(f"`sudo /srv/agent/bin/edge-agent service {verb}`\n")
    assert system.commands == []


def test_a_configuration_with_errors_ends_with_its_lines_and_exit_code_2(
    edge_agent, system, machine
):
    path = machine.path(CONFIG)
    path.parent.mkdir()
    path.write_text('node = "green house"\n')
    code, out, err = edge_agent("install")
    assert code == 2
    assert 'node = "green house"' in err
    assert "the service is not started" in out
    assert (system.enabled, system.properties["ActiveState"]) == (True, "inactive")


def test_a_secret_is_found_in_the_credential_store(edge_agent, machine):
    secret = machine.path("/etc/credstore/edge-agent.mqtt-password")
    secret.parent.mkdir()
    secret.write_text("swordfish\n")
    secret.chmod(0o600)
    path = machine.path(CONFIG)
    path.parent.mkdir()
    path.write_text(
        '[mqtt]\nusername = "me"\n'
        'password_file = "$CREDENTIALS_DIRECTORY/edge-agent.mqtt-password"\n'
    )
    assert edge_agent("install")[0] == 0
    secret.unlink()
    assert edge_agent("install")[0] == 2


def test_status_has_exit_code_1_until_the_service_runs(edge_agent):
    assert edge_agent("status")[0] == 1
    edge_agent("install")
    code, out, _ = edge_agent("status")
    assert (code, out.startswith("service      running since ")) == (0, True)


def test_status_shows_the_account_of_the_services_log(edge_agent, machine):
    edge_agent("install")
    clock = ManualClock()
    log = EventLog.open(machine.path("/var/lib/edge-agent/shed.db"), boot=clock.boot)
    with log.transaction():
        log.append([lifecycle(clock.now(), "started")])
    log.close()
    shown = json.loads(edge_agent("status", "--json")[1])
    assert shown["log"]["recorded"] == 1
    assert (shown["running"], shown["restarts"]) == (True, 0)
