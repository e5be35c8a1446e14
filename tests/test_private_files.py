"""Other users of the machine read neither secrets nor what was measured."""

import os
import stat
from contextlib import contextmanager

import pytest

from edge_agent.blueprint import resolve
from edge_agent.deliver.file import SINK
from edge_agent.deliver.sink import SinkContext, SinkPlan
from edge_agent.errors import AgentError, ConfigError
from edge_agent.private_files import create, ensure, protect_database, refuse_exposed
from edge_agent.store.event_log import EventLog

UMASKS = [0o000, 0o022, 0o077]
CONFIG = 'node = "a"\n[mqtt]\nurl = "mqtt://h"\nusername = "me"\npassword_file = "{}"\n'
NOTIFY = 'node = "a"\n[mqtt]\nurl = "mqtt://h"\n[[notify]]\nname = "n"\nurl_file = "{}"\n'

CONTEXT = SinkContext.apart("shed", "log")


@contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def modes(directory):
    return {path.name: oct(mode(path)) for path in directory.iterdir()}


@pytest.mark.parametrize("mask", UMASKS)
def test_the_event_log_its_companions_and_its_lock_are_0640(tmp_path, mask):
    with umask(mask):
        log = EventLog.open(tmp_path / "a.db", boot="manual")
        found = modes(tmp_path)
        log.close()
    assert found == dict.fromkeys(("a.db", "a.db-wal", "a.db-shm", "a.db.lock"), "0o640")


def test_a_log_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "a.db"
    EventLog.open(path, boot="manual").close()
    path.chmod(0o664)
    EventLog.open(path, boot="manual").close()
    assert mode(path) == 0o660


def opened(path):
    """Let a file sink open its file; return the file's mode."""
    sink = SINK.build(SinkPlan("file", (f"file://{path}",), SINK.options()), CONTEXT)
    sink.open()
    sink.close()
    return mode(path)


@pytest.mark.parametrize("mask", UMASKS)
def test_the_file_of_a_file_sink_is_0640_until_its_owner_changes_that(tmp_path, mask):
    path = tmp_path / "events.jsonl"
    with umask(mask):
        assert opened(path) == 0o640
    path.chmod(0o644)
    assert opened(path) == 0o644


@pytest.mark.parametrize("mask", UMASKS)
def test_a_new_file_has_its_mode_whatever_the_umask(tmp_path, mask):
    with umask(mask):
        os.close(create(tmp_path / "a"))
        ensure(tmp_path / "b", 0o600)
    assert modes(tmp_path) == {"a": "0o640", "b": "0o600"}


def test_an_existing_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "a"
    path.write_text("text")
    path.chmod(0o604)
    ensure(path)
    assert (path.read_text(), mode(path)) == ("text", 0o604)


@pytest.mark.parametrize("text, key", [(CONFIG, "mqtt.password_file"), (NOTIFY, "notify.n")])
@pytest.mark.parametrize("exposed", [0o644, 0o604, 0o664])
def test_a_secret_that_every_user_can_read_is_refused_with_the_remedy(tmp_path, text, key, exposed):
    secret = tmp_path / "secret"
    secret.write_text("ntfy://topic")
    secret.chmod(exposed)
    config = tmp_path / "a.toml"
    config.write_text(text.format(secret))
    with pytest.raises(ConfigError) as caught:
        resolve(config)
    (line,) = caught.value.problems
    assert key in line
    assert line.endswith(f"every user of this machine can read it; `sudo chmod 640 {secret}`")


@pytest.mark.parametrize("text", [CONFIG, NOTIFY])
@pytest.mark.parametrize("private", [0o400, 0o440, 0o600, 0o640, 0o660])
def test_a_secret_of_the_agent_and_its_group_is_fine(tmp_path, text, private):
    secret = tmp_path / "secret"
    secret.write_text("ntfy://topic")
    secret.chmod(private)
    config = tmp_path / "a.toml"
    config.write_text(text.format(secret))
    assert resolve(config).config.node == "a"


def test_a_variable_may_hold_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("MQTT_PASSWORD", "secret")
    config = tmp_path / "a.toml"
    config.write_text(CONFIG.replace("password_file", "password_env").format("MQTT_PASSWORD"))
    assert resolve(config).config.node == "a"


def test_a_key_that_every_user_can_read_is_refused(tmp_path):
    key = tmp_path / "key.pem"
    key.touch(0o644)
    key.chmod(0o644)
    config = tmp_path / "a.toml"
    config.write_text(
        f'node = "a"\n[mqtt]\nurl = "mqtts://h"\ncertificate = "{key}"\nkey = "{key}"\n'
    )
    with pytest.raises(ConfigError) as caught:
        resolve(config)
    assert f"every user of this machine can read it; `sudo chmod 640 {key}`" in str(caught.value)


@pytest.mark.parametrize("path", ["/dev/null", "/nowhere/at/all", "\0"])
def test_what_is_no_file_is_not_called_exposed(path):
    refuse_exposed(path)


def test_the_remedy_names_the_file(tmp_path):
    path = tmp_path / "a"
    path.touch()
    path.chmod(0o644)
    with pytest.raises(AgentError, match=f"chmod 640 {path}"):
        refuse_exposed(str(path))


def test_what_is_no_file_keeps_its_mode(tmp_path):
    device = tmp_path / "device"  # as /dev/null, which every program needs
    with umask(0):
        os.mkfifo(device, 0o666)
    protect_database(device)
    assert stat.S_IMODE(device.stat().st_mode) == 0o666
