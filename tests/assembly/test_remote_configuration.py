"""The command `config`: what it shows, refuses, replaces and takes back."""

import hashlib
import json
import stat
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from edge_agent.assembly import remote_configuration, replaceable_file
from edge_agent.assembly.remote_configuration import TRIAL_SECONDS, RemoteConfiguration
from edge_agent.assembly.replaceable_file import ReplaceableFile
from edge_agent.clock import ManualClock
from edge_agent.config.origin import ConfigOrigin
from edge_agent.errors import AgentError, CommandError
from edge_agent.evaluate.commands.command import Configure, arguments, parse

OLD = 'node = "shed"\n[mqtt]\nurl = "mqtt://old.lan"\n'
NEW = OLD.replace("old.lan", "new.lan")
HOOK = '[[notify]]\nname = "me"\nurl = "https://hooks.example/services/T0/B0/abcdefgh12345678"\n'


class Remote:
    """A remote configuration on a file, with a clock and an acknowledged offset of the test's."""

    def __init__(self, directory, monkeypatch):
        self.file = directory / "shed.toml"
        self.file.write_text(OLD)
        self.file.chmod(0o640)
        self.now, self.acknowledged, self.reloads, self.refusal = 0.0, 5, [], ""
        self.answers, self.records = SimpleQueue(), SimpleQueue()
        self.flow = SimpleNamespace(records=self.records, clock=ManualClock(), log_path=None)
        monkeypatch.setattr(remote_configuration, "_acknowledged", lambda _: self.acknowledged)
        monkeypatch.setattr(remote_configuration, "_last_offset", lambda _: 5)
        origin = ConfigOrigin(self.file)
        self.remote = RemoteConfiguration(origin, self._reload, lambda: self.now)

    def _reload(self):
        self.reloads.append(self.file.read_text())
        if self.refusal and self.reloads[-1] != OLD:
            raise AgentError(self.refusal)
        return {}

    def ask(self, action, text=""):
        command = Configure(action=action, text=text)
        self.remote.carry_out(command, self.flow, lambda *answer: self.answers.put(answer))
        return None if self.answers.empty() else self.answers.get_nowait()[0]

    def step(self, seconds=0.0):
        self.now += seconds
        self.remote.step(self.flow)

    def left(self):
        return sorted(one.name for one in self.file.parent.iterdir())


@pytest.fixture
def remote(tmp_path, monkeypatch):
    return Remote(tmp_path, monkeypatch)


def test_a_new_one_stays_once_the_broker_has_acknowledged_an_event(remote):
    assert remote.ask("set", NEW) is None
    remote.step()
    assert remote.answers.empty()
    remote.acknowledged = 6
    remote.step(TRIAL_SECONDS - 1)
    answer = remote.answers.get_nowait()
    assert answer == ({"sha256": hashlib.sha256(NEW.encode()).hexdigest()}, "")
    assert (remote.file.read_text(), remote.left()) == (NEW, ["shed.toml"])
    assert stat.S_IMODE(remote.file.stat().st_mode) == 0o640


def test_a_new_one_that_does_not_connect_is_taken_back(remote):
    remote.ask("set", NEW)
    remote.step(TRIAL_SECONDS)
    result, reason = remote.answers.get_nowait()
    assert result is None
    assert "the old one is back" in reason
    assert remote.reloads == [NEW, OLD]
    assert (remote.file.read_text(), remote.left()) == (OLD, ["shed.toml"])
    assert json.loads(json.dumps(remote.records.get_nowait().data))["what"] == (
        "configuration_taken_back"
    )


def test_a_new_one_that_a_reload_refuses_is_taken_back_at_once(remote):
    remote.refusal = "node: cannot change while the agent runs"
    with pytest.raises(AgentError, match="cannot change"):
        remote.ask("set", NEW)
    assert (remote.file.read_text(), remote.left()) == (OLD, ["shed.toml"])


@pytest.mark.parametrize("action", ["check", "set"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("node =", "not TOML"),
        (NEW + "colour = 1\n", "mqtt.colour"),
        (NEW + 'username = "***"\n', "write what it stands for"),
    ],
)
def test_a_wrong_text_is_refused_with_its_problems_and_leaves_nothing(remote, action, text, reason):
    with pytest.raises(AgentError, match=reason) as refused:
        remote.ask(action, text)
    assert ".new" not in str(refused.value)
    assert (remote.file.read_text(), remote.left(), remote.reloads) == (OLD, ["shed.toml"], [])


def test_a_check_changes_nothing(remote):
    assert remote.ask("check", NEW).keys() == {"sha256"}
    assert (remote.file.read_text(), remote.left(), remote.reloads) == (OLD, ["shed.toml"], [])


def test_one_trial_at_a_time(remote):
    remote.ask("set", NEW)
    with pytest.raises(AgentError, match="another configuration is on trial"):
        remote.ask("set", OLD)


def test_no_secret_is_in_what_is_shown(remote):
    remote.file.write_text(OLD + HOOK)
    shown = remote.ask("get")
    assert "T0/B0" not in shown["text"]
    assert "abcdefgh12345678" not in shown["text"]
    assert 'node = "shed"' in shown["text"]
    assert shown["sha256"] == hashlib.sha256((OLD + HOOK).encode()).hexdigest()


def test_the_text_of_a_command_is_not_logged():
    logged = arguments(Configure(action="set", text=HOOK))
    assert logged == {"action": "set", "sha256": hashlib.sha256(HOOK.encode()).hexdigest()}


def test_a_text_that_is_too_large_is_refused():
    with pytest.raises(AgentError, match="bytes; send at most"):
        parse("config", json.dumps({"action": "set", "text": "#" * 10_000}).encode())


def test_a_start_during_the_trial_takes_the_old_one_back(remote):
    remote.ask("set", NEW)
    assert ReplaceableFile(remote.file).take_back()
    assert (remote.file.read_text(), remote.left()) == (OLD, ["shed.toml"])
    assert not ReplaceableFile(remote.file).take_back()


class PowerCut(Exception):
    """Nothing after this happens."""


@pytest.mark.parametrize("step", range(8))
def test_whenever_the_power_fails_the_file_is_whole_and_the_next_start_has_the_old_one(
    remote, monkeypatch, step
):
    """Cut before each of the calls that change what the disk has."""
    calls = []

    def counted(real):
        def call(*words, **more):
            calls.append(real)
            if len(calls) == step + 1:
                raise PowerCut
            return real(*words, **more)

        return call

    for owner, name in [
        (replaceable_file.os, "link"),
        (replaceable_file.os, "fsync"),
        (replaceable_file, "create"),
        (replaceable_file, "sync_directory"),
        (replaceable_file.Path, "replace"),
        (replaceable_file.Path, "unlink"),
    ]:
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    cut = True
    try:
        remote.ask("set", NEW)
        cut = False
    except PowerCut:
        pass
    monkeypatch.undo()
    assert remote.file.read_text() in {OLD, NEW}
    ReplaceableFile(remote.file).take_back()
    assert remote.file.read_text() == OLD
    assert cut or step >= len(calls)


def test_a_folder_that_the_agent_may_not_write_is_named_with_the_remedy(remote, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(replaceable_file, "create", refuse)
    with pytest.raises(AgentError, match="ReadWritePaths="):
        remote.ask("check", NEW)


@pytest.mark.parametrize("action", ["check", "set"])
@pytest.mark.parametrize("text", ["", '"text":" \\n"'])
def test_an_empty_configuration_is_refused(action, text):
    payload = "{" + ",".join(filter(None, (f'"action":"{action}"', text))) + "}"
    with pytest.raises(CommandError, match="the text of the configuration is missing; send a JSON"):
        parse("config", payload.encode())
