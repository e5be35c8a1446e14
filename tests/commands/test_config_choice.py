"""A configuration is named in one way: an argument or -c, before or after the command."""

import io
import sys

import click
import pytest

from edge_agent.cli import cli
from edge_agent.config.source import standard_input
from edge_agent.example_files import GREENHOUSE

ONE_RULE = "1 rule: no problems"


@pytest.mark.parametrize(
    "words",
    [
        ["check", "FILE"],
        ["check", "-c", "FILE"],
        ["-c", "FILE", "check"],
        ["--config=FILE", "check"],
    ],
)
def test_a_configuration_is_named_before_or_after_the_command(edge_agent, config, words):
    file = str(config())
    assert ONE_RULE in edge_agent(*(word.replace("FILE", file) for word in words)).out


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "FILE", "log", "tail"],
        ["log", "-c", "FILE", "tail"],
        ["log", "tail", "-c", "FILE"],
        ["log", "tail", "FILE"],
    ],
)
def test_a_command_of_a_group_takes_it_at_every_place(edge_agent, config, words, tmp_path):
    text = f'[log]\npath = "{tmp_path}/this.db"\n'
    done = edge_agent(*(word.replace("FILE", str(config(text))) for word in words))
    assert f"{tmp_path}/this.db: there is no event log" in done.err


@pytest.mark.parametrize(
    "words", [["read", "air", "FILE", "--simulate"], ["-c", "FILE", "read", "--simulate", "air"]]
)
def test_it_stands_behind_the_other_arguments(edge_agent, config, words):
    done = edge_agent(*(word.replace("FILE", str(config())) for word in words))
    assert "temperature" in done.out


def test_two_configurations_are_one_too_many(edge_agent, config):
    done = edge_agent("-c", config(), "check", config(name="other.toml"))
    assert done.code == 2
    assert "two configurations are named" in done.err
    assert "leave one out" in done.err


def test_the_same_configuration_may_be_named_twice(edge_agent, config):
    assert edge_agent("-c", config(), "check", config()).code == 0


def test_the_environment_names_the_default(edge_agent, config, monkeypatch):
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config()))
    assert ONE_RULE in edge_agent("check").out
    assert "nothing to do" in edge_agent("check", config("", "empty.toml")).out


@pytest.mark.parametrize("command", [[], ["check"], ["log", "tail"], ["control"], ["simulate"]])
def test_help_names_the_variable(edge_agent, command):
    assert "EDGE_AGENT_CONFIG" in edge_agent(*command, "--help").out


def test_a_minus_is_standard_input(edge_agent, config, monkeypatch):
    standard_input.cache_clear()
    text = io.TextIOWrapper(io.BytesIO(config().read_bytes()))
    monkeypatch.setattr(sys, "stdin", text)
    assert edge_agent("check", "-").out.startswith(f"-: 3 devices, 1 output, {ONE_RULE}")
    assert edge_agent("-c", "-", "check").code == 0, "a reload reads the same again"
    standard_input.cache_clear()


def test_what_is_simulated_is_the_greenhouse_if_nothing_is_named(edge_agent):
    assert edge_agent("read", "outside", "--simulate").code == 0
    scanned = edge_agent("scan", "--simulate").out
    assert 'driver = "sht4x", identified' in scanned


def test_the_greenhouse_is_an_example_of_the_package():
    assert GREENHOUSE.with_suffix(".scenario.toml").exists()


@pytest.mark.parametrize(
    ("words", "meant"),
    [(["chek"], "check"), (["log", "tial"], "tail"), (["rules", "tset"], "test")],
)
def test_a_misspelt_command_is_answered_with_the_one_it_may_mean(edge_agent, words, meant):
    done = edge_agent(*words)
    assert done.code == 2
    assert f"did you mean {meant!r}?" in done.err


def test_a_command_that_is_like_none_is_answered_with_all(edge_agent):
    assert "known: calibrate, check, control" in edge_agent("xyzzy").err


def test_verbose_and_quiet_contradict_each_other(edge_agent, config):
    done = edge_agent("-v", "run", "-q", config())
    assert (done.code, "leave one out" in done.err) == (2, True)


def commands(command, path=()):
    """Every command below one, with the words that call it."""
    for name in command.list_commands(None):
        found = command.get_command(None, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        else:
            yield pytest.param(found, id=" ".join((*path, name)))


@pytest.mark.parametrize("command", list(commands(cli)))
def test_a_command_with_a_configuration_takes_it_as_an_argument_and_with_c(command):
    arguments = [one.name for one in command.params if isinstance(one, click.Argument)]
    options = [name for one in command.params for name in one.opts]
    if "config" in arguments:
        assert arguments[-1] == "config"
        assert "-c" in options
    else:
        assert "-c" not in options or command.name == "control"
