"""Relative paths of a configuration, which the service must not look for in its own directory."""

from pathlib import Path

import pytest

from edge_agent.blueprint import resolve
from edge_agent.config.reader import load
from edge_agent.errors import ConfigError


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A function: write a configuration in a folder that is not the current one."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def write(text):
        path = tmp_path / "shed.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("given", ["events.db", "./events.db", "data/../events.db"])
def test_the_log_of_a_relative_path_lies_beside_the_configuration(config, given):
    path = config(f'[log]\npath = "{given}"')
    found = Path(load(path).log.path)
    assert found.is_absolute()
    assert found.resolve() == path.with_name("events.db").resolve()


@pytest.mark.parametrize("given", ["/data/events.db", "~/events.db", "$HOME/events.db", ""])
def test_a_path_that_begins_somewhere_is_left_as_it_is(config, given):
    assert load(config(f'[log]\npath = "{given}"')).log.path == given


def test_a_relative_path_of_the_command_line_begins_where_the_user_is(config, tmp_path):
    found = load(config("[log]\npath = 'events.db'"), ["log.path=mine.db"])
    assert found.log.path == str(tmp_path / "elsewhere/mine.db")


def test_a_relative_configuration_is_anchored_where_it_is_now(config, tmp_path, monkeypatch):
    config("[log]\npath = 'events.db'")
    monkeypatch.chdir(tmp_path)
    assert load(Path("shed.toml")).log.path == str(tmp_path / "events.db")


def test_a_file_of_a_sink_lies_beside_the_configuration(config, tmp_path):
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "secret").chmod(0o600)
    mqtt = '[mqtt]\nusername = "me"\npassword_file = "./secret"\n'
    sink = '[[sink]]\nname = "web"\nurl = "https://a"\ntoken_file = "../{}/secret"\n'
    blueprint = resolve(config(mqtt + sink.format(tmp_path.name)))
    assert blueprint.config.mqtt.password_file == str(tmp_path / "secret")
    files = [one.plan.options.token_file for one in blueprint.sinks if one.plan.name == "web"]
    assert Path(files[0]).resolve() == (tmp_path / "secret").resolve()


def test_what_may_be_a_secret_in_place_of_a_path_stays_what_it_is(config):
    assert load(config('[mqtt]\nkey = "s3cret"')).mqtt.key == "s3cret"


@pytest.mark.parametrize("given", ["{}", "~nobody-here/a.db", "$NOWHERE/a.db"])
def test_a_path_that_is_no_place_for_a_file_is_a_problem(config, tmp_path, given):
    with pytest.raises(ConfigError, match=r"log\.path"):
        resolve(config(f'[log]\npath = "{given.format(tmp_path)}"'))
